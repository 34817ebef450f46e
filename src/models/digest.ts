import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ModelFile } from '../types';
import { DigestMemo } from './digest-memo';
import { unreadable } from '../base/not-found';

/** Hashed in well under a millisecond on any CPU, so that the event loop stays free while a gigabyte is read. */
const CHUNK_BYTES = 128 * 1024;

async function read(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, signal })) {
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return hash.digest('hex');
}

async function digestOf(
  path: string,
  signal: AbortSignal | undefined,
  memoFolder: string | undefined,
): Promise<string> {
  if (memoFolder === undefined) return await read(path, signal);
  const memo = new DigestMemo(memoFolder);
  const key = await memo.key(path);
  const known = key === undefined ? undefined : await memo.recall(key);
  if (known !== undefined) return known;
  const digest = await read(path, signal);
  // A file that changed while it was read has no digest worth keeping.
  if (key !== undefined && key === (await memo.key(path))) await memo.keep(key, digest);
  return digest;
}

/**
 * Length and sha256 of a file, read in small steps, or not at all where `memoFolder` has the digest of this very
 * file. Ends early when `signal` aborts.
 */
export async function digestFile(path: string, signal?: AbortSignal, memoFolder?: string): Promise<ModelFile> {
  const sha256 = await digestOf(path, signal, memoFolder);
  try {
    return { path, bytes: (await stat(path)).size, sha256 };
  } catch (error) {
    throw unreadable(path, error);
  }
}
