import { loadNative } from '../load-native';
import type { Dtype, ExecutionProvider } from '../types';
import type { Weights } from './weights';

/** The encoders that native/encoder is written for; it refuses what in a config.json does not fit. */
const ARCHITECTURES: ReadonlySet<string> = new Set([
  'BertForSequenceClassification',
  'RobertaForSequenceClassification',
  'XLMRobertaForSequenceClassification',
]);

/** Whether our own kernels are written for what a config.json names first in `architectures`. */
export const runsOnOurKernels = (architecture: string): boolean => ARCHITECTURES.has(architecture);

interface Found {
  /** File with the fp32 weights: model.safetensors or an fp32 ONNX graph. */
  float: string | undefined;
  /** What ONNX Runtime would run. */
  onnx: Weights | undefined;
  dtype: Dtype;
  architecture: string;
}

/** On this processor. False without an addon: then nothing runs, and the load says why. */
function hasFastFp32(): boolean {
  try {
    return loadNative().hasFastFp32();
  } catch {
    return false;
  }
}

/**
 * What our own kernels make of the fp32 weights; undefined where ONNX Runtime is to run the model. int8 is the fastest
 * that keeps the ranking (docs/performance.md), so it is what `auto` takes. fp32 stays with ONNX Runtime, the reference,
 * where there is an fp32 graph and our own kernels are not faster.
 */
export function packedWeights({ float, onnx, dtype, architecture }: Found): Weights | undefined {
  if (float === undefined || !runsOnOurKernels(architecture)) return undefined;
  if (dtype === 'fp16') return undefined;
  if (dtype === 'fp32') return onnx && !hasFastFp32() ? undefined : { path: float, dtype };
  return { path: float, dtype: dtype === 'auto' ? 'int8' : dtype };
}

/** Our own kernels are for the CPU: who asks for another provider means ONNX Runtime. */
export const mayRunPacked = (providers: readonly ExecutionProvider[]): boolean =>
  providers.every((provider) => provider === 'cpu');
