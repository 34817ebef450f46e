import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ModelInfo } from '../types';
import { fileError, usageError } from './usage-error';

/** The files of our own beside an output: a user's file under such a name would be written over, or removed at the end. */
export const besideOutput = (output: string) => ({
  journal: `${output}.batch.json`,
  lock: `${output}.batch.lock`,
});

const OUR_NAMES = /\.batch\.(?:json|lock)(?:\.|$)/;

/** What two names of one file have in common, links of both kinds followed; undefined for a file that is not there. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw fileError('read', path, error);
  }
}

/**
 * Refuses an output that is the input, by whatever path or link, or that has the name of our own files.
 * @throws {RerankError} INVALID_OPTION.
 */
export async function refuseInputAsOutput(input: string, output: string): Promise<void> {
  if (OUR_NAMES.test(basename(output))) {
    throw usageError(`${output} has the name of a batch's own files (.batch.json, .batch.lock); choose another output`);
  }
  const own = await identityOf(input);
  if (own === undefined) return;
  const { journal, lock } = besideOutput(output);
  for (const written of [output, journal, `${lock}.owner`]) {
    if (own === (await identityOf(written))) {
      throw usageError(`${written} would be written, and is the input ${input}; choose another output`);
    }
  }
}

/** The files in the folders of the model and of its tokenizer. */
async function modelFiles({ files }: Pick<ModelInfo, 'files'>): Promise<string[]> {
  const folders = new Set([files.model.path, files.tokenizer.path].map(dirname));
  const names = async (folder: string) => (await readdir(folder)).map((name) => join(folder, name));
  return (await Promise.all([...folders].map((folder) => names(folder).catch(() => [])))).flat();
}

/**
 * Refuses an output that is a file of the model's folder, by whatever path or link.
 * @throws {RerankError} INVALID_OPTION.
 */
export async function refuseModelAsOutput(info: Pick<ModelInfo, 'files'>, output: string): Promise<void> {
  const written = await identityOf(output);
  if (written === undefined) return;
  for (const file of await modelFiles(info)) {
    if (written === (await identityOf(file).catch(() => undefined))) {
      throw usageError(`${output} is ${file}, a file of the model; choose another output`);
    }
  }
}

const ANSWER_STARTS = ['{"response":', '{"error":'].map((start) => Buffer.from(start));
const LONGEST_START = Math.max(...ANSWER_STARTS.map(({ length }) => length));

async function head(path: string, bytes: number): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw fileError('read', path, error);
  }
}

/** What an output holds before a run: nothing, answers of a batch (a torn first line included), or a file of the user's. */
export async function contentOf(output: string): Promise<'nothing' | 'answers' | 'other'> {
  const found = await head(output, LONGEST_START);
  if (found.length === 0) return 'nothing';
  const isAnswer = ANSWER_STARTS.some((start) => {
    const length = Math.min(start.length, found.length);
    return found.subarray(0, length).equals(start.subarray(0, length));
  });
  return isAnswer ? 'answers' : 'other';
}
