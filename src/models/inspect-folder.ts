import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isLfsPointer } from '../base/lfs-pointer';
import { notFound } from '../base/not-found';
import { isQuantized } from '../formats/onnx-quantized';
import { readStoredWeights } from '../formats/safetensors-graph';
import { readModelConfig, type ModelConfig } from './config';
import {
  LFS_POINTER,
  unreadAmong,
  weightFilesAmong,
  type Stored,
  type UnreadFile,
  type WeightFile,
} from './weight-files';

/** A model's folder, as far as it is known before the model is loaded. */
export interface ModelFolder extends ModelConfig {
  /** Absolute. */
  folder: string;
  /** Absolute. */
  tokenizerPath: string;
  files: WeightFile[];
  hasHead: boolean;
  unread: UnreadFile | undefined;
}

export async function isKind(path: string, kind: 'isFile' | 'isDirectory'): Promise<boolean> {
  try {
    return (await stat(path))[kind]();
  } catch {
    return false;
  }
}

/** Names of the files in a folder; none where it cannot be read. A link to nothing is no file. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const isFile = async (entry: Dirent) =>
    entry.isSymbolicLink() ? await isKind(join(folder, entry.name), 'isFile') : entry.isFile();
  const areFiles = await Promise.all(entries.map(isFile));
  return entries.filter((_, i) => areFiles[i]).map(({ name }) => name);
}

async function pathsIn(folder: string): Promise<string[]> {
  return [...(await filesIn(join(folder, 'onnx'))).map((name) => `onnx/${name}`), ...(await filesIn(folder))];
}

interface Inspected {
  file: WeightFile;
  hasHead: boolean;
}

/** By content: some folders quantise model.onnx in place, and model.safetensors may hold any type. */
async function inspectFile(folder: string, file: WeightFile): Promise<Inspected> {
  const path = join(folder, file.path);
  const as = (stored: Stored, hasHead = false) => ({ file: { ...file, stored }, hasHead });
  if (await isLfsPointer(path)) return as(LFS_POINTER);
  if (file.format === 'safetensors') {
    const { stored, hasHead } = await readStoredWeights(path);
    return as(stored, hasHead);
  }
  return as(file.stored === 'float32' && (await isQuantized(path)) ? 'int8' : file.stored);
}

async function refuseLfsPointer(path: string): Promise<void> {
  if (!(await isLfsPointer(path))) return;
  throw notFound(`${path} is a Git LFS pointer and not the file itself; run \`git lfs pull\` in its folder`, path);
}

/**
 * Reads what a folder holds: in Hugging Face layout (weights in onnx/, config.json required) or flat (weights beside
 * tokenizer.json, config.json optional).
 * @throws {RerankError} MODEL_NOT_FOUND where it lacks a file that every model needs; MODEL_INVALID.
 */
export async function inspectFolder(folder: string): Promise<ModelFolder> {
  const paths = await pathsIn(folder);
  const tokenizerPath = join(folder, 'tokenizer.json');
  if (!paths.includes('tokenizer.json')) {
    const make = `AutoTokenizer.from_pretrained('${folder}').save_pretrained('${folder}')`;
    throw notFound(`${folder} has no tokenizer.json; put it there, or make it with Python's ${make}`, tokenizerPath);
  }
  await Promise.all([tokenizerPath, join(folder, 'config.json')].map(refuseLfsPointer));
  const named = weightFilesAmong(paths);
  const isFlat = named.some(({ path, format }) => format === 'onnx' && !path.includes('/'));
  const config = await readModelConfig(folder, named.length > 0 && !isFlat);
  if (!config) throw notFound(`${folder} has no config.json; put it there`, join(folder, 'config.json'));
  const inspected = await Promise.all(named.map((file) => inspectFile(folder, file)));
  const files = inspected.map(({ file }) => file);
  const hasHead = inspected.some((each) => each.hasHead);
  return { folder, tokenizerPath, files, hasHead, unread: unreadAmong(paths), ...config };
}
