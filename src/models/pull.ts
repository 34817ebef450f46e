import { RerankError } from '../errors';
import type { Dtype, ExecutionProvider } from '../types';
import { chooseFiles, type ChosenFiles } from './choose-files';
import type { RepoName } from './hub/repo-name';
import { DEFAULT_POLICY, type DownloadPolicy } from './hub/retry';
import { hubSettings, type HubSettings } from './hub/settings';
import { Snapshot } from './hub/snapshot';

export interface PullProgress {
  /** The file that grows now, and the files of the model together. */
  path: string;
  bytes: number;
  /** 0 until the files are known. */
  totalBytes: number;
  /** Why nothing comes for a while: the hub is asked again later. */
  waiting?: string;
}

export interface PullOptions {
  dtype: Dtype;
  /** Default `cpu`. */
  provider?: ExecutionProvider;
  /** Only says what would be fetched; of the files, config.json is fetched for that. */
  dryRun?: boolean;
  onProgress?: (progress: PullProgress) => void;
  settings?: HubSettings;
  policy?: DownloadPolicy;
}

/** A model's files in one repository, at one commit. */
export interface PulledModel extends ChosenFiles {
  /** The repository that has them. */
  repo: string;
  commit: string;
  /** The snapshot's folder: complete, but for the missing files after a dry run. */
  folder: string;
}

/**
 * Brings a model's files into the hub's cache at the commit that its revision stands for now. Asks the network even
 * when all is there, as a branch may have moved.
 * @throws {RerankError} OFFLINE, MODEL_NOT_FOUND, MODEL_GATED, MODEL_UNSUPPORTED, DOWNLOAD_FAILED.
 */
export async function pull(name: RepoName, options: PullOptions): Promise<PulledModel> {
  const {
    dtype,
    provider = 'cpu',
    settings = hubSettings(),
    policy = DEFAULT_POLICY,
    dryRun = false,
    onProgress,
  } = options;
  let now: PullProgress = { path: name.repo, bytes: 0, totalBytes: 0 };
  const progress = (next: PullProgress) => onProgress?.((now = next));
  const onWait = (waiting: string) => onProgress?.({ ...now, waiting });
  const snapshot = await Snapshot.open(name, settings, { ...policy, onWait });
  const chosen = await chooseFiles(snapshot, { dtype, provider });
  const { repo, commit, folder } = snapshot;
  if (dryRun) return { repo, commit, folder, ...chosen };
  await snapshot.checkSpace(chosen.missing);
  const totalBytes = chosen.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const file of chosen.files) {
    const { path } = file;
    await snapshot.fetch(file, (bytes) => progress({ path, bytes: before + bytes, totalBytes }));
    before += file.bytes;
  }
  await snapshot.keepRevision(name.revision);
  return { repo, commit, folder, ...chosen };
}

/** Codes of a repository that lacks the files asked for. Another repository may have them. */
const LACKING: ReadonlySet<string> = new Set(['MODEL_NOT_FOUND', 'MODEL_UNSUPPORTED']);

/**
 * Pulls from the first of these repositories that has the files asked for.
 * @throws {RerankError} As `pull`. If no repository has them, the error of the first one.
 */
export async function pullFirst(sources: readonly RepoName[], options: PullOptions): Promise<PulledModel> {
  let first: unknown;
  for (const source of sources) {
    try {
      return await pull(source, options);
    } catch (error) {
      first ??= error;
      if (!(error instanceof RerankError) || !LACKING.has(error.code)) throw error;
    }
  }
  throw first;
}
