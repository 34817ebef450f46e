import { loadModel } from '../load-model';
import { parseModelName, sourcesOf } from '../models/find-model';
import { pullFirst, type PulledModel, type PullProgress } from '../models/pull';
import { plannedProvider } from '../models/plan';
import { checkRerankerOptions } from '../options';
import { Reranker } from '../reranker';
import type { ModelInfo } from '../types';
import { rerankerOptions, type ModelOptions } from './model-options';
import { bytesText, startProgress, type Progress } from './progress';

/** What decides which files are needed. */
export type FetchOptions = Pick<ModelOptions, 'model' | 'dtype' | 'provider'>;

/** In the bar where there is one, else a line. */
function noteWait(note: string, progress: Progress | undefined, bytes: number): void {
  if (progress && process.stderr.isTTY) progress.update(bytes, note);
  else process.stderr.write(`${note}\n`);
}

/** Runs `work` with a bar for what it fetches, if anything. */
export async function withDownloadBar<T>(
  work: (onProgress: (progress: PullProgress) => void) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  let progress: Progress | undefined;
  let first = 0;
  try {
    return await work(({ path, bytes, totalBytes, waiting }) => {
      if (waiting !== undefined) {
        noteWait(`${path}: ${waiting}`, progress, bytes);
        return;
      }
      if (!progress) first = bytes;
      progress ??= startProgress(totalBytes, bytes);
      const rate = ((bytes - first) * 1000) / Math.max(1, performance.now() - started);
      progress.update(bytes, `${bytesText(rate)}/s  ${path}`);
      // What follows may take a while and is no download.
      if (bytes === totalBytes) progress.stop();
    });
  } finally {
    progress?.stop();
  }
}

/** `pull` with a progress bar. */
export async function pullWithProgress(options: FetchOptions & { dryRun?: boolean }): Promise<PulledModel> {
  const { model, dtype, provider, dryRun } = options;
  const sources = sourcesOf(parseModelName(model), dtype);
  return await withDownloadBar((onProgress) =>
    pullFirst(sources, { dtype, provider: plannedProvider(provider), dryRun, onProgress }),
  );
}

/** What runs the model, and why. */
export function engineText({ dtype, engine, runtime }: ModelInfo): string {
  const by = runtime ? `ONNX Runtime ${runtime.version}` : `own kernels (${engine.instructionSet})`;
  return `${dtype} on ${by}: ${engine.reason}`;
}

/** Loads the model that the options name, fetched first where it is not on this machine. */
export async function loadReranker(options: ModelOptions): Promise<Reranker> {
  return await withDownloadBar(async (onProgress) => {
    const asked = rerankerOptions(options);
    const { engine, info } = await loadModel(options.model, asked, onProgress);
    if (options.verbose) process.stderr.write(`${engineText(info)}\n`);
    const { maxQueuedTokens } = checkRerankerOptions(asked);
    return Reranker.fromEngine(engine, info, { maxQueueSeconds: options.maxQueueSeconds ?? Infinity, maxQueuedTokens });
  });
}
