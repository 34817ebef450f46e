export {
  createAi,
  InferenceUpstreamError,
  WORKERS_AI_MODEL,
  type Ai,
  type AiRunOptions,
  type CreateAiOptions,
} from './create-ai';
export type { AiModel } from './models';
