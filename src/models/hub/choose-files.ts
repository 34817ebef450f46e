import { RerankError } from '../../errors';
import type { Dtype } from '../../types';
import type { RepoFile } from './repo-files';

const FP32_ONNX = 'model.onnx';
const INT8_ONNX = 'model_quantized.onnx';
const SAFETENSORS = 'model.safetensors';
const FP16_ONNX = 'model_fp16.onnx';
const FOLDERS = ['onnx/', ''] as const;
/** How exporters name the weights of a graph that does not hold them itself: model.onnx_data, model.onnx.data, …_data_1. */
const EXTERNAL = /^[._]data(_\d+)?$/;

/** What the weights are for. */
export interface Wanted {
  dtype: Dtype;
  onCuda: boolean;
  /** Our own kernels can run the architecture, on the provider that is asked for: float weights serve every dtype. */
  onOurKernels: boolean;
  /** Our own kernels can read the repository's safetensors file, as far as config.json says. */
  safetensorsServe: boolean;
}

/** The names of the weights that serve, best first: docs/models.md says why. */
function namesFor({ dtype, onCuda, onOurKernels, safetensorsServe }: Wanted): string[] {
  if (!onOurKernels) {
    const auto = onCuda ? [FP16_ONNX, FP32_ONNX, INT8_ONNX] : [INT8_ONNX, FP32_ONNX];
    return { auto, int8: [INT8_ONNX], bf16: [], fp16: [FP16_ONNX], fp32: [FP32_ONNX] }[dtype];
  }
  if (dtype === 'fp16') return [FP16_ONNX];
  const safetensors = safetensorsServe ? [SAFETENSORS] : [];
  if (dtype === 'fp32') return [FP32_ONNX, ...safetensors];
  return [...safetensors, FP32_ONNX, ...(dtype === 'bf16' ? [] : [INT8_ONNX])];
}

function find(files: readonly RepoFile[], name: string): RepoFile | undefined {
  for (const folder of FOLDERS) {
    const found = files.find((file) => file.path === folder + name);
    if (found) return found;
  }
  return undefined;
}

export function requiredFile(files: readonly RepoFile[], path: string, repo: string): RepoFile {
  const found = files.find((file) => file.path === path);
  if (found) return found;
  throw new RerankError('MODEL_UNSUPPORTED', `${repo} has no ${path}; use a conversion of it that has one`, {
    path: repo,
  });
}

/** A file of weights with its external data, the file itself last. */
function withExternal(files: readonly RepoFile[], weights: RepoFile): RepoFile[] {
  const external = files.filter(
    (file) => file.path.startsWith(weights.path) && EXTERNAL.test(file.path.slice(weights.path.length)),
  );
  return [...external, weights];
}

function noWeights(files: readonly RepoFile[], names: string[], { dtype }: Wanted, repo: string): RerankError {
  if (names.length === 0) {
    const message = `${repo} cannot be run as ${dtype}: that takes an architecture of our own kernels, on the CPU; use dtype 'fp32'`;
    return new RerankError('MODEL_NOT_FOUND', message, { path: repo });
  }
  const weights = files.map((file) => file.path).filter((path) => /\.(onnx|safetensors)$/.test(path));
  const has = weights.length > 0 ? `it has ${weights.join(', ')}` : 'it has no ONNX file: use an ONNX conversion of it';
  return new RerankError('MODEL_NOT_FOUND', `${repo} has no ${names.join(' and no ')}; ${has}`, { path: repo });
}

/**
 * The files that running the model needs, and no others: config.json, tokenizer.json, and one file of weights with its
 * external data. That file comes last, so that its presence in a snapshot says that the rest is there. `isHere` tells
 * which are in the cache: float weights of one kind are not fetched where those of the other are there.
 */
export function chooseFiles(
  files: readonly RepoFile[],
  wanted: Wanted,
  repo: string,
  isHere: (file: RepoFile) => boolean,
): RepoFile[] {
  const names = namesFor(wanted);
  const found = names.flatMap((name) => {
    const weights = find(files, name);
    return weights ? [{ name, files: withExternal(files, weights) }] : [];
  });
  const best = found[0];
  if (!best) throw noWeights(files, names, wanted, repo);
  const asGood = best.name === INT8_ONNX ? [best] : found.filter(({ name }) => name !== INT8_ONNX);
  const chosen = asGood.find((option) => option.files.every(isHere)) ?? best;
  return [requiredFile(files, 'config.json', repo), requiredFile(files, 'tokenizer.json', repo), ...chosen.files];
}
