export { rerank } from './default-reranker';
export { RERANK_CHANNEL, type RerankTrace } from './diagnostics';
export { RERANK_ERROR_CODES, RerankError, type RerankErrorCode } from './errors';
export { Reranker } from './reranker';
export type {
  CudaOptions,
  DocumentsInput,
  Dtype,
  EncodedPair,
  EncodeOptions,
  ExecutionProvider,
  LatencyHistogram,
  LongDocuments,
  ModelFile,
  ModelInfo,
  OnError,
  RankedDocument,
  RankedDocuments,
  RerankContext,
  RerankerOptions,
  RerankerStats,
  RerankInput,
  RerankOptions,
  RerankOutput,
  RerankResult,
  SkippedContext,
  SpecialTokens,
  Truncation,
} from './types';
