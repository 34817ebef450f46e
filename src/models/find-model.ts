import { join, resolve } from 'node:path';
import { loadNative } from '../addon/load-native';
import { notFound } from '../base/not-found';
import { RerankError } from '../errors';
import type { Dtype } from '../types';
import { cacheFolder } from './cache';
import { aliasesOf, hubName, onnxRepo } from './catalog';
import { cachedSnapshot } from './hub/cache';
import type { PullProgress } from './pull';
import { parseRepoName, type RepoName } from './hub/repo-name';
import { hubSettings } from './hub/settings';
import { inspectFolder, isKind, type ModelFolder } from './inspect-folder';
import { planModel, type Candidate } from './plan';
import { templateNameOf } from './prompt';
import { refusalText } from './refusal';
import type { Asked } from './ways';

/** A model on this machine, and the ways to run it. */
export interface FoundModel extends ModelFolder {
  /** As asked for. */
  model: string;
  /** Best first. */
  candidates: readonly [Candidate, ...Candidate[]];
}

/** Absolute path of a candidate's file. */
export const weightsPath = ({ folder }: FoundModel, { file }: Candidate): string => join(folder, file.path);

/** @throws {RerankError} MODEL_NOT_FOUND where the folder lacks a file or holds nothing that runs as asked. */
async function findIn(folder: string, model: string, asked: Asked): Promise<FoundModel> {
  const found = await inspectFolder(folder);
  const hasNamedPrompt = templateNameOf(model, asked.promptTemplate) !== undefined;
  const plan = planModel({ ...found, hasNamedPrompt }, asked, loadNative().capabilities());
  if ('candidates' in plan) return { ...found, model, candidates: plan.candidates };
  throw notFound(refusalText(folder, plan.refusal), join(folder, plan.refusal.missing));
}

/** Undefined if the folder lacks files: it may be half of a download, or hold another dtype. */
async function findInCopy(folder: string, model: string, asked: Asked): Promise<FoundModel | undefined> {
  try {
    return await findIn(folder, model, asked);
  } catch (error) {
    if (error instanceof RerankError && error.code === 'MODEL_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Folders that may hold the model on this machine, likeliest first. */
async function copiesOf({ repo, revision }: RepoName): Promise<string[]> {
  const snapshot = await cachedSnapshot(hubSettings().cacheFolder, { repo, revision });
  const own = revision === 'main' ? cacheFolder(repo) : undefined;
  return [own, snapshot?.folder].filter((folder) => folder !== undefined);
}

/** Reads a hub name or an alias. Throws MODEL_NOT_FOUND if the text cannot be one. */
export function parseModelName(model: string): RepoName {
  const name = parseRepoName(hubName(model));
  if (name) return name;
  throw notFound(
    `'${model}' is neither a folder nor a model of the hub; pass the path of a folder with tokenizer.json and model.onnx, or owner/name`,
    resolve(model),
  );
}

/** The model's own repository, then the one that the catalog knows to have its ONNX file. */
export function sourcesOf(name: RepoName, dtype: Dtype): RepoName[] {
  const repo = onnxRepo(name.repo, dtype === 'int8' ? 'int8' : 'fp32');
  return repo === undefined || repo === name.repo ? [name] : [name, { repo, revision: 'main' }];
}

/**
 * Undefined where no copy that serves is on this machine.
 * @throws {RerankError} As `findModel`, but for what a download can throw.
 */
export async function findLocal(model: string, asked: Asked): Promise<FoundModel | undefined> {
  const folder = resolve(model);
  if (await isKind(folder, 'isDirectory')) return await findIn(folder, model, asked);
  const name = parseModelName(model);
  const others = aliasesOf(name.repo).map(parseRepoName);
  const names = [...sourcesOf(name, asked.dtype), ...others].filter((other) => other !== undefined);
  const copies = (await Promise.all(names.map(copiesOf))).flat();
  for (const copy of copies) {
    const found = await findInCopy(copy, model, asked);
    if (found) return found;
  }
  return undefined;
}

/**
 * Finds a model's files and the ways to run them: in the folder of that path, else in the caches, else by a download,
 * which `onProgress` follows.
 * @throws {RerankError} MODEL_NOT_FOUND, MODEL_INVALID, MODEL_UNSUPPORTED, MODEL_GATED, DOWNLOAD_FAILED, OFFLINE,
 *   ADDON_NOT_FOUND.
 */
export async function findModel(
  model: string,
  asked: Asked,
  onProgress?: (progress: PullProgress) => void,
): Promise<FoundModel> {
  const local = await findLocal(model, asked);
  if (local) return local;
  // Loaded only here: a model that is on this machine needs no HTTP client.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { pullFirst } = require('./pull') as typeof import('./pull');
  const { folder } = await pullFirst(sourcesOf(parseModelName(model), asked.dtype), { ...asked, onProgress });
  return await findIn(folder, model, asked);
}
