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
  dtype: Dtype;
  architecture: string;
}

/**
 * What our own kernels make of the fp32 weights; undefined where they cannot run the model. int8 is the fastest that
 * keeps the ranking (docs/performance.md), so it is what `auto` takes.
 */
export function packedWeights({ float, dtype, architecture }: Found): Weights | undefined {
  if (float === undefined || !ARCHITECTURES.has(architecture)) return undefined;
  return { path: float, dtype: dtype === 'auto' ? 'int8' : dtype };
}
