import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RerankError } from '../errors';
import type { Dtype, ExecutionProvider } from '../types';
import { cacheFolder } from './cache';
import { aliasesOf, hubName, sourceRepo } from './catalog';
import { readModelConfig, type ModelConfig } from './config';
import { cachedSnapshot } from './hub/cache';
import { parseRepoName, type RepoName } from './hub/repo-name';
import { hubSettings } from './hub/settings';
import { notFound } from '../base/not-found';
import { isQuantized } from '../formats/onnx-quantized';
import { mayRunPacked, packedWeights } from './packed-weights';
import type { PackedWeights, Weights } from './weights';

const FP32_FILE = 'model.onnx';
const INT8_FILE = 'model_quantized.onnx';
const FP16_FILE = 'model_fp16.onnx';
const SAFETENSORS_FILE = 'model.safetensors';

type Providers = readonly ExecutionProvider[];

/** At least one of `packed` and `onnx` is there; `packed` is the better one. */
export interface ResolvedModel extends ModelConfig {
  /** As asked for. */
  model: string;
  /** Absolute path. */
  tokenizerPath: string;
  /** What our own kernels can run. */
  packed: PackedWeights | undefined;
  /** What ONNX Runtime can run. */
  onnx: Weights | undefined;
}

async function isKind(path: string, kind: 'isFile' | 'isDirectory'): Promise<boolean> {
  try {
    return (await stat(path))[kind]();
  } catch {
    return false;
  }
}

/** The file of this name, in onnx/ (as on the hub) or at the top. */
async function findFile(folder: string, name: string): Promise<string | undefined> {
  for (const path of [join(folder, 'onnx', name), join(folder, name)]) {
    if (await isKind(path, 'isFile')) return path;
  }
  return undefined;
}

/** The folder's ONNX files by what they hold. */
interface OnnxFiles {
  /** `model_quantized.onnx` is int8 by name. */
  quantized: Weights | undefined;
  /** `model.onnx` is whatever its graph holds, as some folders quantise in place. */
  plain: Weights | undefined;
  /** `model_fp16.onnx` is fp16 by name. */
  half: Weights | undefined;
}

async function onnxFiles(folder: string): Promise<OnnxFiles> {
  const names = [INT8_FILE, FP32_FILE, FP16_FILE];
  const [quantized, plain, half] = await Promise.all(names.map((name) => findFile(folder, name)));
  return {
    quantized: quantized === undefined ? undefined : { path: quantized, dtype: 'int8' },
    plain: plain === undefined ? undefined : { path: plain, dtype: (await isQuantized(plain)) ? 'int8' : 'fp32' },
    half: half === undefined ? undefined : { path: half, dtype: 'fp16' },
  };
}

/** `auto`: fp16 last, as a CPU has no arithmetic for it. */
function onnxWeights({ quantized, plain, half }: OnnxFiles, dtype: Dtype): Weights | undefined {
  return [quantized, plain, half].find((found) => found && (dtype === 'auto' || found.dtype === dtype));
}

function noWeights(folder: string, { plain }: OnnxFiles, dtype: Dtype, providers: Providers): RerankError {
  const wanted = { auto: FP32_FILE, fp32: FP32_FILE, bf16: FP32_FILE, fp16: FP16_FILE, int8: INT8_FILE }[dtype];
  if (!mayRunPacked(providers)) {
    const message = `${folder} has no ${wanted}, which other providers than 'cpu' need; put it there, or ask for 'cpu' alone`;
    return notFound(message, join(folder, wanted));
  }
  const instead = plain ? `, its ${FP32_FILE} is ${plain.dtype}: ask for that dtype or 'auto'` : '; put it there';
  return notFound(`${folder} has no ${dtype === 'auto' ? '' : `${dtype} `}${wanted}${instead}`, join(folder, wanted));
}

interface Wanted {
  /** As asked for. */
  model: string;
  dtype: Dtype;
  executionProviders: Providers;
}

/** The files of a folder. Throws MODEL_NOT_FOUND where one is missing. */
async function filesIn(folder: string, { model, dtype, executionProviders }: Wanted): Promise<ResolvedModel> {
  const tokenizerPath = join(folder, 'tokenizer.json');
  if (!(await isKind(tokenizerPath, 'isFile'))) {
    throw notFound(`${folder} has no tokenizer.json; put it there`, tokenizerPath);
  }
  const files = await onnxFiles(folder);
  const onnx = onnxWeights(files, dtype);
  const safetensors = await findFile(folder, SAFETENSORS_FILE);
  if (!onnx && !files.plain && !safetensors) throw noWeights(folder, files, dtype, executionProviders);
  const anyOnnx = onnx ?? files.plain;
  const flat = anyOnnx !== undefined && dirname(anyOnnx.path) === folder;
  const config = await readModelConfig(folder, !flat);
  if (!config) throw notFound(`${folder} has no config.json; put it there`, join(folder, 'config.json'));
  const graph = files.plain?.dtype === 'fp32' ? files.plain.path : undefined;
  const packed = mayRunPacked(executionProviders)
    ? await packedWeights({ safetensors, graph, onnx, dtype, architecture: config.architecture })
    : undefined;
  if (!onnx && !packed) throw noWeights(folder, files, dtype, executionProviders);
  return { model, tokenizerPath, packed, onnx, ...config };
}

/** A folder's files, or undefined where it lacks one: it may be half of a download, or hold another dtype. */
async function filesIfComplete(folder: string, wanted: Wanted): Promise<ResolvedModel | undefined> {
  try {
    return await filesIn(folder, wanted);
  } catch (error) {
    if (error instanceof RerankError && error.code === 'MODEL_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Folders that may hold the model on this machine, likeliest first. */
async function localCopies({ repo, revision }: RepoName): Promise<string[]> {
  const snapshot = await cachedSnapshot(hubSettings().cacheFolder, { repo, revision });
  const own = revision === 'main' ? cacheFolder(repo) : undefined;
  return [own, snapshot?.folder].filter((folder) => folder !== undefined);
}

/** The model of the hub that a name stands for; throws MODEL_NOT_FOUND for what is no such name. */
export function parseModelName(model: string): RepoName {
  const name = parseRepoName(hubName(model));
  if (name) return name;
  throw notFound(
    `'${model}' is neither a folder nor a model of the hub; pass the path of a folder with tokenizer.json and model.onnx, or owner/name`,
    resolve(model),
  );
}

/** The model's own repository, then the conversion that has its weights as this dtype, where the catalog knows one. */
export function sourcesOf(name: RepoName, dtype: Dtype): RepoName[] {
  const repo = sourceRepo(name.repo, dtype);
  return repo === name.repo ? [name] : [name, { repo, revision: 'main' }];
}

/** Undefined where no complete copy is on this machine. */
export async function resolveLocal(
  model: string,
  dtype: Dtype,
  executionProviders: Providers = ['cpu'],
): Promise<ResolvedModel | undefined> {
  const wanted = { model, dtype, executionProviders };
  const folder = resolve(model);
  if (await isKind(folder, 'isDirectory')) return await filesIn(folder, wanted);
  const name = parseModelName(model);
  const others = aliasesOf(name.repo).map(parseRepoName);
  const names = [...sourcesOf(name, dtype), ...others].filter((other) => other !== undefined);
  const copies = (await Promise.all(names.map(localCopies))).flat();
  for (const copy of copies) {
    const found = await filesIfComplete(copy, wanted);
    if (found) return found;
  }
  return undefined;
}

/**
 * From what the caller calls the model to its files: a folder, else a copy in the caches, else a download. Folders are
 * in Hugging Face layout (weights in onnx/, config.json required) or flat (weights beside tokenizer.json, config.json
 * optional).
 */
export async function resolveModel(
  model: string,
  dtype: Dtype,
  executionProviders: Providers = ['cpu'],
): Promise<ResolvedModel> {
  const local = await resolveLocal(model, dtype, executionProviders);
  if (local) return local;
  // Loaded only here: a model that is on this machine needs no HTTP client.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { pullFirst } = require('./hub/pull') as typeof import('./hub/pull');
  const { folder } = await pullFirst(sourcesOf(parseModelName(model), dtype), { dtype, executionProviders });
  return await filesIn(folder, { model, dtype, executionProviders });
}
