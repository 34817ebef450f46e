import { loadNative } from '../addon/load-native';
import type { Dtype, ExecutionProvider } from '../types';
import { storedType } from '../formats/safetensors-graph';
import type { PackedWeights, Weights } from './weights';

/** The encoders that native/encoder is written for; it refuses what in a config.json does not fit. */
const ARCHITECTURES: ReadonlySet<string> = new Set([
  'BertForSequenceClassification',
  'RobertaForSequenceClassification',
  'XLMRobertaForSequenceClassification',
]);

/** Whether our own kernels are written for what a config.json names first in `architectures`. */
export const runsOnOurKernels = (architecture: string): boolean => ARCHITECTURES.has(architecture);

interface Found {
  safetensors: string | undefined;
  /** An fp32 ONNX graph. */
  graph: string | undefined;
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
 * What our own kernels start from: the author's own weights first. As fp32 the graph instead, where those have fewer
 * bits: the graph is what ONNX Runtime, the reference, runs on a processor without fast fp32.
 */
async function startFrom({ safetensors, graph, dtype }: Found): Promise<Omit<PackedWeights, 'dtype'> | undefined> {
  const ofGraph = graph === undefined ? undefined : { path: graph, from: 'float32' as const };
  if (safetensors === undefined) return ofGraph;
  const own = { path: safetensors, from: await storedType(safetensors) };
  return dtype === 'fp32' && own.from !== 'float32' ? (ofGraph ?? own) : own;
}

/**
 * What our own kernels make of the float weights; undefined where ONNX Runtime is to run the model. int8 is the fastest
 * that keeps the ranking (docs/performance.md), so it is what `auto` takes. fp32 stays with ONNX Runtime, the reference,
 * where there is an fp32 graph and our own kernels are not faster.
 */
export async function packedWeights(found: Found): Promise<PackedWeights | undefined> {
  const { onnx, dtype, architecture } = found;
  if (!runsOnOurKernels(architecture) || dtype === 'fp16') return undefined;
  if (dtype === 'fp32' && onnx && !hasFastFp32()) return undefined;
  const start = await startFrom(found);
  return start && { ...start, dtype: dtype === 'auto' ? 'int8' : dtype };
}

/** Our own kernels are for the CPU: who asks for another provider means ONNX Runtime. */
export const mayRunPacked = (providers: readonly ExecutionProvider[]): boolean =>
  providers.every((provider) => provider === 'cpu');
