import type { Dtype } from '../types';
import type { Weights } from './weights';

/** The encoders that native/encoder is written for; it refuses what in a config.json does not fit. */
const ARCHITECTURES: ReadonlySet<string> = new Set([
  'BertForSequenceClassification',
  'RobertaForSequenceClassification',
  'XLMRobertaForSequenceClassification',
]);

interface Found {
  /** File with the fp32 weights: model.safetensors or an fp32 ONNX graph. */
  float: string | undefined;
  /** What ONNX Runtime would run. */
  onnx: Weights | undefined;
  dtype: Dtype;
  architecture: string;
}

/**
 * What our own kernels make of the fp32 weights; undefined where ONNX Runtime is to run the model. int8 is the fastest
 * that keeps the ranking (docs/performance.md), so it is what `auto` takes. fp32 stays with ONNX Runtime, the reference,
 * where there is an fp32 graph.
 */
export function packedWeights({ float, onnx, dtype, architecture }: Found): Weights | undefined {
  if (float === undefined || !ARCHITECTURES.has(architecture)) return undefined;
  if (dtype === 'fp16') return undefined;
  if (dtype === 'fp32') return onnx ? undefined : { path: float, dtype };
  return { path: float, dtype: dtype === 'auto' ? 'int8' : dtype };
}
