import { loadNative } from '../addon/load-native';
import { RerankError } from '../errors';
import { readModelConfig } from './config';
import type { RepoFile } from './hub/repo-files';
import type { Snapshot } from './hub/snapshot';
import { planModel, type Candidate } from './plan';
import { templateNameOf } from './prompt';
import { refusalText } from './refusal';
import type { Asked } from './ways';
import { unreadAmong, weightFilesAmong } from './weight-files';

/** What of a repository is to be in the cache. */
export interface ChosenFiles {
  /** How the weights among the files are to be run. */
  candidate: Candidate;
  /** The weights last, so that their presence in a snapshot says that the rest is there. */
  files: RepoFile[];
  /** Those of `files` that are not in the cache. */
  missing: RepoFile[];
}

/** How exporters name the weights of a graph that does not hold them itself: model.onnx_data, model.onnx.data, …_data_1. */
const EXTERNAL = /^[._]data(_\d+)?$/;
/** How they name the parts that model.safetensors.index.json lists. */
const SHARD = /^model-\d+-of-\d+\.safetensors$/;
const INDEX_FILE = 'model.safetensors.index.json';
const NEEDED_BY_ALL = ['config.json', 'tokenizer.json'];
/** Of a Sentence Transformers repository: what follows the transformer, and how it is used. */
const MODULES_FILE = 'modules.json';
const SETTINGS = [
  MODULES_FILE,
  'config_sentence_transformers.json',
  'sentence_bert_config.json',
  'chat_template.jinja',
  'tokenizer_config.json',
];
const MODULE_FILES = ['config.json', 'model.safetensors'];

function requiredFile(files: readonly RepoFile[], path: string, repo: string): RepoFile {
  const found = files.find((file) => file.path === path);
  if (found) return found;
  throw new RerankError('MODEL_UNSUPPORTED', `${repo} has no ${path}; use a conversion of it that has one`, {
    path: repo,
  });
}

/** A candidate's file with its external data or shards, the file itself last. */
function withExternal(files: readonly RepoFile[], { file: { path } }: Candidate): RepoFile[] {
  const isExternal = (file: RepoFile) =>
    path === INDEX_FILE
      ? SHARD.test(file.path)
      : file.path.startsWith(path) && EXTERNAL.test(file.path.slice(path.length));
  return [...files.filter(isExternal), ...files.filter((file) => file.path === path)];
}

/**
 * The ways to run the model, by config.json and modules.json, which are fetched for that, and by the names of the files.
 * The same for every processor, so that what is fetched on one machine serves on another.
 */
async function candidatesIn(
  snapshot: Snapshot,
  asked: Asked,
): Promise<{ candidates: readonly [Candidate, ...Candidate[]]; modules: readonly string[] }> {
  const { repo, files } = snapshot;
  await snapshot.fetch(requiredFile(files, 'config.json', repo));
  const modulesFile = files.find(({ path }) => path === MODULES_FILE);
  if (modulesFile) await snapshot.fetch(modulesFile);
  const config = await readModelConfig(snapshot.folder, false);
  const paths = files.map(({ path }) => path);
  const weights = weightFilesAmong(paths).map((each) =>
    each.format === 'safetensors' ? { ...each, stored: config?.weightsStored ?? each.stored } : each,
  );
  const known = config ?? { architecture: 'unknown', modelType: undefined, hasOwnCode: false, modules: [] };
  const hasNamedPrompt = templateNameOf(repo, asked.promptTemplate) !== undefined;
  const facts = { ...known, hasNamedPrompt, hasHead: false, files: weights, unread: unreadAmong(paths) };
  const plan = planModel(facts, asked, { ...loadNative().capabilities(), hasFastFp32: false });
  if ('candidates' in plan) return { candidates: plan.candidates, modules: facts.modules };
  throw new RerankError('MODEL_NOT_FOUND', refusalText(repo, plan.refusal), { path: repo });
}

function filesOfModules(files: readonly RepoFile[], modules: readonly string[]): RepoFile[] {
  if (modules.length === 0) return [];
  const paths = new Set([...SETTINGS, ...modules.flatMap((folder) => MODULE_FILES.map((name) => `${folder}/${name}`))]);
  return files.filter(({ path }) => paths.has(path));
}

const isFloat = ({ file }: Candidate): boolean => file.stored !== 'int8';

/**
 * The files that running the model needs, and no others: config.json, tokenizer.json, what modules.json names, and the
 * weights of the best candidate. Float weights of one kind are not fetched where those of another are here and come to
 * the same dtype.
 * @throws {RerankError} MODEL_NOT_FOUND where nothing of it runs as asked, MODEL_UNSUPPORTED, DOWNLOAD_FAILED.
 */
export async function chooseFiles(snapshot: Snapshot, asked: Asked): Promise<ChosenFiles> {
  const { repo, files } = snapshot;
  const { candidates, modules } = await candidatesIn(snapshot, asked);
  const always = NEEDED_BY_ALL.map((path) => requiredFile(files, path, repo));
  const [best] = candidates;
  const asGood = candidates.filter((other) => isFloat(best) && isFloat(other) && other.dtype === best.dtype);
  let chosen = { candidate: best, weights: withExternal(files, best) };
  for (const candidate of asGood) {
    const weights = withExternal(files, candidate);
    if ((await snapshot.missing(weights)).length > 0) continue;
    chosen = { candidate, weights };
    break;
  }
  const needed = [...always, ...filesOfModules(files, modules), ...chosen.weights];
  return { candidate: chosen.candidate, files: needed, missing: await snapshot.missing(needed) };
}
