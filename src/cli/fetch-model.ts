import { pull, type PulledModel } from '../models/hub/pull';
import type { RepoName } from '../models/hub/repo-name';
import { parseModelName, resolveLocal, sourceOf } from '../models/resolve';
import { Reranker } from '../reranker';
import type { Dtype } from '../types';
import { rerankerOptions, type ModelOptions } from './model-options';
import { bytesText, startProgress, type Progress } from './progress';

/** `pull` with a progress bar. */
export async function pullWithProgress(name: RepoName, dtype: Dtype): Promise<PulledModel> {
  const started = performance.now();
  let progress: Progress | undefined;
  let first = 0;
  try {
    return await pull(name, {
      dtype,
      onProgress: ({ path, bytes, totalBytes }) => {
        if (!progress) first = bytes;
        progress ??= startProgress(totalBytes, bytes);
        const rate = ((bytes - first) * 1000) / Math.max(1, performance.now() - started);
        progress.update(bytes, `${bytesText(rate)}/s  ${path}`);
      },
    });
  } finally {
    progress?.stop();
  }
}

/** Fetches the model that the options name, unless it is on this machine. */
export async function fetchIfAbsent({ model, dtype }: ModelOptions): Promise<void> {
  if (await resolveLocal(model, dtype)) return;
  await pullWithProgress(sourceOf(parseModelName(model), dtype), dtype);
}

/** Loads the model that the options name, fetched first where it is not on this machine. */
export async function loadReranker(options: ModelOptions): Promise<Reranker> {
  await fetchIfAbsent(options);
  return await Reranker.load(options.model, rerankerOptions(options));
}
