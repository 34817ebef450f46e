import { RerankError } from '../../errors';
import type { Dtype } from '../../types';
import type { RepoFile } from './repo-files';

/** The file name of each dtype, as on the hub; bf16 is made from fp32. */
const WEIGHTS = {
  int8: 'model_quantized.onnx',
  bf16: 'model.onnx',
  fp16: 'model_fp16.onnx',
  fp32: 'model.onnx',
} as const;
const FOLDERS = ['onnx/', ''] as const;
/** How exporters name the weights of a graph that does not hold them itself: model.onnx_data, model.onnx.data, …_data_1. */
const EXTERNAL = /^[._]data(_\d+)?$/;

function find(files: readonly RepoFile[], name: string): RepoFile | undefined {
  for (const folder of FOLDERS) {
    const found = files.find((file) => file.path === folder + name);
    if (found) return found;
  }
  return undefined;
}

function required(files: readonly RepoFile[], path: string, repo: string): RepoFile {
  const found = files.find((file) => file.path === path);
  if (found) return found;
  throw new RerankError('MODEL_UNSUPPORTED', `${repo} has no ${path}; use a conversion of it that has one`, {
    path: repo,
  });
}

function weights(files: readonly RepoFile[], dtype: Dtype, repo: string): RepoFile {
  const names = dtype === 'auto' ? [WEIGHTS.int8, WEIGHTS.fp32] : [WEIGHTS[dtype]];
  for (const name of names) {
    const found = find(files, name);
    if (found) return found;
  }
  const onnx = files.filter((file) => file.path.endsWith('.onnx')).map((file) => file.path);
  const has = onnx.length > 0 ? `it has ${onnx.join(', ')}` : 'it has no ONNX file: use an ONNX conversion of it';
  throw new RerankError('MODEL_NOT_FOUND', `${repo} has no ${names.join(' and no ')}; ${has}`, { path: repo });
}

/**
 * The files that running the model needs, and no others: config.json, tokenizer.json, one ONNX file and its external
 * data. The ONNX file comes last, so that its presence in a snapshot says that the rest is there.
 */
export function chooseFiles(files: readonly RepoFile[], dtype: Dtype, repo: string): RepoFile[] {
  const onnx = weights(files, dtype, repo);
  const external = files.filter(
    (file) => file.path.startsWith(onnx.path) && EXTERNAL.test(file.path.slice(onnx.path.length)),
  );
  return [required(files, 'config.json', repo), required(files, 'tokenizer.json', repo), ...external, onnx];
}
