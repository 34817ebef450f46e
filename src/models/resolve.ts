import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Dtype } from '../types';
import { cacheFolder } from './cache';
import { hubName } from './catalog';
import { readModelConfig, type ModelConfig } from './config';
import { notFound } from './not-found';
import { isQuantized } from './onnx-file';

const FP32_FILE = 'model.onnx';
const INT8_FILE = 'model_quantized.onnx';

export interface ResolvedModel extends ModelConfig {
  /** As asked for. */
  model: string;
  /** Absolute paths. */
  modelPath: string;
  tokenizerPath: string;
  dtype: Exclude<Dtype, 'auto'>;
}

interface Weights {
  path: string;
  dtype: Exclude<Dtype, 'auto'>;
}

async function isKind(path: string, kind: 'isFile' | 'isDirectory'): Promise<boolean> {
  try {
    return (await stat(path))[kind]();
  } catch {
    return false;
  }
}

/** The model's folder: the name itself, or its copy in the cache. */
async function findFolder(model: string): Promise<string> {
  const folder = resolve(model);
  if (await isKind(folder, 'isDirectory')) return folder;
  const cached = cacheFolder(hubName(model));
  if (cached && (await isKind(cached, 'isDirectory'))) return cached;
  throw notFound(
    `'${model}' is not a folder and has no local copy; pass the path of a folder with tokenizer.json and model.onnx`,
    cached ?? folder,
  );
}

/** The file of this name, in onnx/ (as on the hub) or at the top. */
async function findFile(folder: string, name: string): Promise<string | undefined> {
  for (const path of [join(folder, 'onnx', name), join(folder, name)]) {
    if (await isKind(path, 'isFile')) return path;
  }
  return undefined;
}

/** `model_quantized.onnx` is int8 by name. `model.onnx` is whatever its graph holds, as some folders quantise in place. */
async function findWeights(folder: string, dtype: Dtype): Promise<Weights> {
  const int8 = dtype === 'fp32' ? undefined : await findFile(folder, INT8_FILE);
  if (int8) return { path: int8, dtype: 'int8' };
  const plain = await findFile(folder, FP32_FILE);
  const found = plain && ({ path: plain, dtype: (await isQuantized(plain)) ? 'int8' : 'fp32' } as const);
  if (found && (dtype === 'auto' || dtype === found.dtype)) return found;
  const wanted = dtype === 'int8' ? INT8_FILE : FP32_FILE;
  const instead = found ? `, its ${FP32_FILE} is ${found.dtype}: ask for that dtype or 'auto'` : '; put it there';
  throw notFound(`${folder} has no ${dtype === 'auto' ? '' : `${dtype} `}${wanted}${instead}`, join(folder, wanted));
}

/**
 * From what the caller calls the model to its files. Hugging Face layout (weights in onnx/, config.json required) or
 * flat (weights beside tokenizer.json, config.json optional). A download would fill the cache folder before this.
 */
export async function resolveModel(model: string, dtype: Dtype): Promise<ResolvedModel> {
  const folder = await findFolder(model);
  const tokenizerPath = join(folder, 'tokenizer.json');
  if (!(await isKind(tokenizerPath, 'isFile'))) {
    throw notFound(`${folder} has no tokenizer.json; put it there`, tokenizerPath);
  }
  const weights = await findWeights(folder, dtype);
  const flat = weights.path === join(folder, FP32_FILE) || weights.path === join(folder, INT8_FILE);
  const config = await readModelConfig(folder, !flat);
  if (!config) throw notFound(`${folder} has no config.json; put it there`, join(folder, 'config.json'));
  return { model, modelPath: weights.path, tokenizerPath, dtype: weights.dtype, ...config };
}
