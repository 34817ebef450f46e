import { RerankError } from './errors';
import type { NativeResult } from './addon/native-api';
import { skippedContext } from './respond';
import type { LongDocuments, RerankOutput, RerankResult, SkippedContext } from './types';

/** Tokens of a text on its own, special tokens left out. */
export type CountTokens = (text: string) => number | Promise<number>;

/** One stretch of a passage, in UTF-16 units. */
export interface Window {
  /** Index of the passage. */
  context: number;
  start: number;
  end: number;
}

/** A window this full is full enough: word boundaries and the search for its end need some play. */
const FULL_ENOUGH = 0.85;
const AIM = 0.95;
const FIRST_GUESS_UNITS_PER_TOKEN = 3;
const MAX_GUESSES = 12;
/** The share of a window in which its end may move back to a word boundary; scripts without spaces have none. */
const SNAP_SHARE = 0.2;
const LOW_SURROGATE = /[\uDC00-\uDFFF]/;

/** The end of a word at or before `at`, if one is near; never inside a surrogate pair. */
function snap(text: string, start: number, at: number): number {
  if (at >= text.length) return text.length;
  const lowest = Math.max(start + 1, Math.ceil(at - (at - start) * SNAP_SHARE));
  for (let end = at; end >= lowest; end--) if (/\s/.test(text.charAt(end))) return end;
  return LOW_SURROGATE.test(text.charAt(at)) && at - 1 > start ? at - 1 : at;
}

/** Finds windows of about `window` tokens, and no more, by counting tokens of guessed stretches. */
class Windower {
  #unitsPerToken = FIRST_GUESS_UNITS_PER_TOKEN;

  constructor(
    private readonly count: CountTokens,
    private readonly window: number,
    private readonly stride: number,
  ) {}

  /** The end of the window that begins at `start`, and its tokens. */
  async #endOf(text: string, start: number): Promise<{ end: number; tokens: number }> {
    let best = { end: start, tokens: 0 };
    let units = this.window * this.#unitsPerToken * AIM;
    for (let guess = 0; guess < MAX_GUESSES; guess++) {
      const end = snap(text, start, start + Math.max(1, Math.floor(units)));
      const tokens = await this.count(text.slice(start, end));
      if (tokens <= this.window && end > best.end) best = { end, tokens };
      const full = tokens <= this.window && (tokens >= FULL_ENOUGH * this.window || end === text.length);
      if (full) break;
      units = ((end - start) * this.window * AIM) / Math.max(1, tokens);
    }
    // A single character may be more tokens than a window: it is cut as any pair is.
    if (best.end === start) return { end: snap(text, start, start + 2), tokens: this.window };
    this.#unitsPerToken = (best.end - start) / Math.max(1, best.tokens);
    return best;
  }

  async *windows(text: string, context: number): AsyncGenerator<Window> {
    // A passage's windows, and so its score, must not depend on its neighbours.
    this.#unitsPerToken = FIRST_GUESS_UNITS_PER_TOKEN;
    for (let start = 0; ;) {
      const { end, tokens } = await this.#endOf(text, start);
      yield { context, start, end };
      if (end >= text.length) return;
      const step = Math.floor(((end - start) * Math.min(this.stride, tokens)) / Math.max(1, tokens));
      const next = snap(text, start, start + Math.max(1, step));
      start = Math.min(end, Math.max(start + 1, next));
    }
  }
}

/**
 * The windows of every passage; one window, all of it, for a passage that fits. Windows overlap where stride is less
 * than window, follow each other without a gap, and end at words where the script has spaces.
 */
export async function windowsOf(
  texts: readonly string[],
  { window, stride }: { window: number; stride: number },
  count: CountTokens,
  checkpoint?: () => void,
): Promise<Window[]> {
  const windower = new Windower(count, window, stride);
  const all: Window[] = [];
  for (const [context, text] of texts.entries()) {
    for await (const found of windower.windows(text, context)) {
      all.push(found);
      checkpoint?.();
    }
  }
  return all;
}

export interface SplitPassages {
  windows: Window[];
  /** The windows' texts, in the same order. */
  texts: string[];
}

/** `checkpoint` may throw, after each window. */
export async function splitPassages(
  { query, texts }: { query: string; texts: readonly string[] },
  options: LongDocuments,
  { maxLength, specialTokens }: { maxLength: number; specialTokens: number },
  count: CountTokens,
  checkpoint?: () => void,
): Promise<SplitPassages> {
  const room = maxLength - specialTokens - (await count(query));
  if (room < 1) {
    throw new RerankError('TOO_LONG', 'The query leaves no room for a window; shorten it or raise maxLength', {
      path: '/query',
    });
  }
  const window = Math.min(options.window ?? room, room);
  const stride = Math.min(options.stride ?? Math.max(1, Math.floor(window / 2)), window);
  const windows = await windowsOf(texts, { window, stride }, count, checkpoint);
  return { windows, texts: windows.map(({ context, start, end }) => texts[context]!.slice(start, end)) };
}

interface Scored {
  result: RerankResult;
  sum: number;
  windows: number;
}

export interface FoldOptions {
  aggregate: 'max' | 'mean';
  topK: number;
  details: boolean;
  /** Whether passages without a score are listed, or fail the call. */
  skips: boolean;
}

/** The passages of which a window has no score, so that they have none, each with its first window's reason. */
function skippedPassages({ skipped }: NativeResult, windows: readonly Window[]): Map<number, SkippedContext> {
  const passages = new Map<number, SkippedContext>();
  for (const window of skipped) {
    const id = windows[window.id]!.context;
    if (!passages.has(id)) passages.set(id, skippedContext({ ...window, id }));
  }
  return passages;
}

/**
 * The windows' scores as one result for each passage: best first, ties by lower id.
 * @throws {RerankError} Of the first passage without a score, unless such are to be skipped.
 */
export function foldWindows(
  scored: NativeResult,
  windows: readonly Window[],
  { aggregate, topK, details, skips }: FoldOptions,
): RerankOutput {
  const skipped = skippedPassages(scored, windows);
  const [first] = skipped.values();
  if (first && !skips) {
    throw new RerankError(first.code, first.message, { path: `/contexts/${first.id}/text` });
  }
  const passages = new Map<number, Scored>();
  // Best first, so the first window of a passage is its best.
  for (let i = 0; i < scored.ids.length; i++) {
    const { context, start, end } = windows[scored.ids[i]!]!;
    if (skipped.has(context)) continue;
    const score = scored.scores[i]!;
    const seen = passages.get(context);
    if (seen) {
      seen.sum += score;
      seen.windows += 1;
      continue;
    }
    const result: RerankResult = { id: context, score, range: { start, end } };
    if (details) Object.assign(result, { tokens: scored.tokens[i], truncatedTokens: scored.truncatedTokens[i] });
    passages.set(context, { result, sum: score, windows: 1 });
  }
  // In the order of their best windows' logits, which tell apart what their saturated scores do not.
  const response = [...passages.values()].map(({ result, sum, windows: count }) =>
    aggregate === 'mean' ? { ...result, score: sum / count } : result,
  );
  if (aggregate === 'mean') response.sort((a, b) => b.score - a.score || a.id - b.id);
  const kept = topK > 0 ? response.slice(0, topK) : response;
  return skips ? { response: kept, skipped: [...skipped.values()] } : { response: kept };
}
