import type { NativeCapabilities, NativeFamily } from '../addon/native-api';
import { isFloatType } from '../formats/safetensors-graph';
import type { Dtype, ExecutionProvider, ModelInfo, PromptTemplate } from '../types';
import type { Stored, UnreadFile, WeightFile } from './weight-files';

// What each dtype can come to, and from which files: the tables and rules that plan.ts puts in order.

export type EngineName = ModelInfo['engine']['name'];
export type LoadedDtype = ModelInfo['dtype'];

/** What is known of a model before it is loaded. */
export interface ModelFacts {
  /** `architectures[0]` of config.json. */
  architecture: string;
  /** Whether config.json names code of the model's own. */
  hasOwnCode: boolean;
  /** The class of its configuration there. */
  codeClass?: string | undefined;
  /** Folders of the modules that modules.json puts behind the model. */
  modules: readonly string[];
  /** Whether it is known by name how a causal model is asked. */
  hasNamedPrompt?: boolean;
  /** `model_type` of config.json; undefined where it says none. */
  modelType: string | undefined;
  /** Whether a classifier was seen among the weights. Needed if the architecture names the encoder alone. */
  hasHead: boolean;
  /** In the order of `weightFilesAmong`. */
  files: readonly WeightFile[];
  /** Weights beside them that nothing here reads. */
  unread: UnreadFile | undefined;
}

/** Of the addon and this processor. */
export type Capabilities = Pick<
  NativeCapabilities,
  'dtypes' | 'families' | 'hasFastFp32' | 'hasFastBf16' | 'instructionSet'
>;

export interface Asked {
  dtype: Dtype;
  provider: ExecutionProvider;
  promptTemplate?: PromptTemplate | undefined;
}

/** One thing that a dtype can come to. */
export interface Way {
  engine: EngineName;
  dtype: LoadedDtype;
}

const builtin = (dtype: LoadedDtype): Way => ({ engine: 'builtin', dtype });
const runtime = (dtype: LoadedDtype): Way => ({ engine: 'onnxruntime', dtype });

/**
 * Best first. `auto` is int8 wherever it can be had: the fastest that keeps the ranking (docs/performance.md). On CUDA
 * int8 comes last, as the provider hands dynamically quantised products back to the CPU; on the CPU fp16 does, as a CPU
 * has no arithmetic for it.
 */
const WAYS: Readonly<Record<Dtype, Readonly<Record<ExecutionProvider, readonly Way[]>>>> = {
  auto: {
    cpu: [builtin('int8'), runtime('int8'), runtime('fp32'), runtime('fp16')],
    cuda: [runtime('fp16'), runtime('fp32'), runtime('int8')],
  },
  fp32: { cpu: [builtin('fp32'), runtime('fp32')], cuda: [runtime('fp32')] },
  fp16: { cpu: [runtime('fp16')], cuda: [runtime('fp16')] },
  bf16: { cpu: [builtin('bf16')], cuda: [] },
  int8: { cpu: [builtin('int8'), runtime('int8')], cuda: [runtime('int8')] },
};

export const DTYPES = Object.keys(WAYS) as readonly Dtype[];

/** How the file that ONNX Runtime runs as a dtype stores its weights. */
export const STORED_AS: Readonly<Partial<Record<LoadedDtype, Stored>>> = {
  fp32: 'float32',
  fp16: 'float16',
  int8: 'int8',
};

/** Best first. fp32 goes to ONNX Runtime where our own kernels have no vectors to run it with. */
export function waysTo({ dtype, provider }: Asked, { hasFastFp32 }: Capabilities): readonly Way[] {
  const ways = WAYS[dtype][provider];
  return dtype === 'fp32' && !hasFastFp32 ? ways.toReversed() : ways;
}

/** The name of the encoder alone, or none. */
const isBare = (architecture: string): boolean => architecture === 'unknown' || architecture.endsWith('Model');

/** Why our own kernels cannot run the model as this dtype, whatever files it has, as a clause; undefined if they can. */
export function obstacleToBuiltin(
  { architecture, modelType = '', hasOwnCode, codeClass = '', hasHead, modules, hasNamedPrompt = false }: ModelFacts,
  dtype: LoadedDtype,
  provider: ExecutionProvider,
  { dtypes, families }: Capabilities,
): string | undefined {
  if (provider !== 'cpu') return 'our own kernels are for the CPU';
  if (!dtypes.some((known) => known === dtype)) return `our own kernels have no ${dtype}`;
  const known = hasOwnCode ? families.filter(({ codeClasses }) => codeClasses.includes(codeClass)) : families;
  if (known.length === 0) return 'config.json says that code of its own runs the model (auto_map)';
  const hasModules = modules.length > 0;
  const isCausal = families.some(({ causalArchitectures }) => causalArchitectures.includes(architecture));
  if (isCausal && (hasModules || hasNamedPrompt)) return undefined;
  if (isCausal) return `it is not known how a bare ${architecture} is asked: name its template with promptTemplate`;
  const runs = ({ architectures, bareArchitectures, modelTypes }: NativeFamily) =>
    hasModules
      ? bareArchitectures.includes(architecture)
      : architectures.includes(architecture) || (hasHead && isBare(architecture) && modelTypes.includes(modelType));
  if (known.some(runs)) return undefined;
  return `our own kernels do not know the architecture '${architecture}'${hasModules ? ' with modules behind it' : ''}`;
}

/** The same for any way. An ONNX file holds the transformer alone: what the modules make of it would be missing. */
export function obstacleTo(
  { engine, dtype }: Way,
  facts: ModelFacts,
  provider: ExecutionProvider,
  capabilities: Capabilities,
): string | undefined {
  if (engine === 'builtin') return obstacleToBuiltin(facts, dtype, provider, capabilities);
  return facts.modules.length > 0 ? 'ONNX Runtime does not run the modules of modules.json' : undefined;
}

/**
 * What our own kernels can start from. For fp32, files that have all of its bits come first. int8 is also what an int8
 * graph holds, behind weights that were never rounded so.
 */
function sourcesOf(dtype: LoadedDtype, files: readonly WeightFile[]): WeightFile[] {
  const floats = files.filter(({ stored }) => isFloatType(stored));
  if (dtype === 'int8') return [...floats, ...files.filter(({ stored }) => stored === 'int8')];
  if (dtype !== 'fp32') return floats;
  const isWhole = ({ stored }: WeightFile) => stored === 'float32';
  return [...floats.filter(isWhole), ...floats.filter((file) => !isWhole(file))];
}

/** The files that serve for this way, best first, whether or not anything stands in its way. */
export function filesFor({ engine, dtype }: Way, files: readonly WeightFile[]): WeightFile[] {
  if (engine === 'builtin') return sourcesOf(dtype, files);
  return files.filter(({ format, stored }) => format === 'onnx' && stored === STORED_AS[dtype]);
}
