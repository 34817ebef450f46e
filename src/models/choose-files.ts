import { loadNative } from '../addon/load-native';
import { RerankError } from '../errors';
import { readModelConfig } from './config';
import type { RepoFile } from './hub/repo-files';
import type { Snapshot } from './hub/snapshot';
import { planModel, type Candidate } from './plan';
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
const NEEDED_BY_ALL = ['config.json', 'tokenizer.json'];

function requiredFile(files: readonly RepoFile[], path: string, repo: string): RepoFile {
  const found = files.find((file) => file.path === path);
  if (found) return found;
  throw new RerankError('MODEL_UNSUPPORTED', `${repo} has no ${path}; use a conversion of it that has one`, {
    path: repo,
  });
}

/** A candidate's file with its external data, the file itself last. */
function withExternal(files: readonly RepoFile[], { file: { path } }: Candidate): RepoFile[] {
  const isExternal = (file: RepoFile) => file.path.startsWith(path) && EXTERNAL.test(file.path.slice(path.length));
  return [...files.filter(isExternal), ...files.filter((file) => file.path === path)];
}

/**
 * The ways to run the model, by config.json, which is fetched for that, and by the names of the files. The same for every
 * processor, so that what is fetched on one machine serves on another.
 */
async function candidatesIn(snapshot: Snapshot, asked: Asked): Promise<readonly [Candidate, ...Candidate[]]> {
  const { repo, files } = snapshot;
  await snapshot.fetch(requiredFile(files, 'config.json', repo));
  const config = await readModelConfig(snapshot.folder, false);
  const paths = files.map(({ path }) => path);
  const weights = weightFilesAmong(paths).map((each) =>
    each.format === 'safetensors' ? { ...each, stored: config?.weightsStored ?? each.stored } : each,
  );
  const known = config ?? { architecture: 'unknown', modelType: undefined, hasOwnCode: false };
  const facts = { ...known, hasHead: false, files: weights, unread: unreadAmong(paths) };
  const plan = planModel(facts, asked, { ...loadNative().capabilities(), hasFastFp32: false });
  if ('candidates' in plan) return plan.candidates;
  throw new RerankError('MODEL_NOT_FOUND', refusalText(repo, plan.refusal), { path: repo });
}

const isFloat = ({ file }: Candidate): boolean => file.stored !== 'int8';

/**
 * The files that running the model needs, and no others: config.json, tokenizer.json, and the weights of the best
 * candidate. Float weights of one kind are not fetched where those of another are here and come to the same dtype.
 * @throws {RerankError} MODEL_NOT_FOUND where nothing of it runs as asked, MODEL_UNSUPPORTED, DOWNLOAD_FAILED.
 */
export async function chooseFiles(snapshot: Snapshot, asked: Asked): Promise<ChosenFiles> {
  const { repo, files } = snapshot;
  const candidates = await candidatesIn(snapshot, asked);
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
  const needed = [...always, ...chosen.weights];
  return { candidate: chosen.candidate, files: needed, missing: await snapshot.missing(needed) };
}
