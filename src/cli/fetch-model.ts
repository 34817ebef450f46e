import { pullFirst, type PulledModel } from '../models/hub/pull';
import { parseModelName, resolveLocal, sourcesOf } from '../models/resolve';
import { Reranker } from '../reranker';
import { rerankerOptions, type ModelOptions } from './model-options';
import { bytesText, startProgress, type Progress } from './progress';

/** What decides which files are needed. */
export type FetchOptions = Pick<ModelOptions, 'model' | 'dtype' | 'provider'>;

/** `pull` with a progress bar. */
export async function pullWithProgress({ model, dtype, provider }: FetchOptions): Promise<PulledModel> {
  const started = performance.now();
  let progress: Progress | undefined;
  let first = 0;
  try {
    return await pullFirst(sourcesOf(parseModelName(model), dtype), {
      dtype,
      executionProviders: provider,
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
export async function fetchIfAbsent(options: FetchOptions): Promise<void> {
  const { model, dtype, provider } = options;
  if (!(await resolveLocal(model, dtype, provider))) await pullWithProgress(options);
}

/** Loads the model that the options name, fetched first where it is not on this machine. */
export async function loadReranker(options: ModelOptions): Promise<Reranker> {
  await fetchIfAbsent(options);
  return await Reranker.load(options.model, rerankerOptions(options));
}
