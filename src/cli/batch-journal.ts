import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { besideOutput, contentOf } from './batch-files';
import { readLines } from './batch-lines';
import { fileError, usageError } from './usage-error';

const HEAD_BYTES = 64 * 1024;

/** What the lines of an output file were made from and how: lines made otherwise must not be joined to them. */
export interface BatchIdentity {
  /** sha256 of the model and of its tokenizer, and the options that change scores. */
  settings: Record<string, unknown>;
  /** The start of the input; the input may have grown since. */
  input: { headBytes: number; headSha256: string };
}

async function readHead(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await file.read(buffer, 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** `headBytes` is that of an earlier run, where there was one. */
async function identify(
  input: string,
  settings: Record<string, unknown>,
  headBytes = HEAD_BYTES,
): Promise<BatchIdentity> {
  try {
    const head = await readHead(input, headBytes);
    const headSha256 = createHash('sha256').update(head).digest('hex');
    return { settings, input: { headBytes: head.length, headSha256 } };
  } catch (error) {
    throw fileError('read', input, error);
  }
}

/** What an earlier run left. */
export interface DoneLines {
  lines: number;
  /** Those that hold an error. */
  failed: number;
}

const ERROR_START = Buffer.from('{"error":');

/** Counts whole lines, and cuts off the last one where a killed process left it without its newline. */
async function keepWholeLines(path: string, output: FileHandle): Promise<DoneLines> {
  const done = { lines: 0, failed: 0 };
  let wholeBytes = 0;
  for await (const { bytes, end, terminated } of readLines(path)) {
    if (!terminated) break;
    done.lines += 1;
    if (bytes.subarray(0, ERROR_START.length).equals(ERROR_START)) done.failed += 1;
    wholeBytes = end;
  }
  await output.truncate(wholeBytes);
  return done;
}

/** Undefined for a file that no batch wrote. */
function parseIdentity(text: string): BatchIdentity | undefined {
  try {
    const { settings, input } = JSON.parse(text) as Partial<BatchIdentity>;
    return settings && Number.isInteger(input?.headBytes) ? { settings, input: input! } : undefined;
  } catch {
    return undefined;
  }
}

/** The journal beside an unfinished output file: `<output>.batch.json`. */
export class BatchJournal {
  readonly path: string;

  constructor(private readonly output: string) {
    this.path = besideOutput(output).journal;
  }

  /** What an unfinished run left. A file of that name that no batch wrote is the user's, and stays. */
  async #earlier(): Promise<BatchIdentity | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw fileError('read', this.path, error);
    }
    const identity = parseIdentity(text);
    if (identity) return identity;
    throw usageError(`${this.path} is no journal of a batch and would be overwritten; choose another output file`);
  }

  /** Only what a batch wrote is added to or replaced: input and output may have been given in the wrong order. */
  async #refuseToOverwrite(earlier: BatchIdentity | undefined, overwrite: boolean): Promise<void> {
    const content = await contentOf(this.output);
    if (content === 'nothing') return;
    if (!earlier && !overwrite) {
      throw usageError(`${this.output} exists and is no unfinished batch; use --overwrite or another output file`);
    }
    if (content === 'other') {
      throw usageError(
        `${this.output} holds something else than the answers of a batch; remove it yourself or choose another output file`,
      );
    }
  }

  /** Opens the output for appending; its whole lines stay. Refuses lines that were made in another way. */
  async begin(
    input: string,
    settings: Record<string, unknown>,
    overwrite: boolean,
  ): Promise<{ file: FileHandle; done: DoneLines }> {
    const found = await this.#earlier();
    const earlier = overwrite ? undefined : found;
    const now = await identify(input, settings, earlier?.input.headBytes);
    if (earlier && JSON.stringify(earlier) !== JSON.stringify(now)) {
      throw usageError(
        `${this.output} was begun with another input, model or option; use --overwrite to start anew, or another output file`,
      );
    }
    await this.#refuseToOverwrite(earlier, overwrite);
    try {
      if (!earlier) await this.#write(now);
      const file = await open(this.output, earlier ? 'a+' : 'w+');
      return { file, done: earlier ? await keepWholeLines(this.output, file) : { lines: 0, failed: 0 } };
    } catch (error) {
      throw fileError('write', this.output, error);
    }
  }

  async #write(identity: BatchIdentity): Promise<void> {
    // Emptied first: with the journal there, what the output holds counts as done.
    await writeFile(this.output, '');
    const temporary = `${this.path}.${process.pid}.tmp`;
    await writeFile(temporary, JSON.stringify(identity));
    await rename(temporary, this.path);
  }

  async finish(): Promise<void> {
    await rm(this.path, { force: true });
  }
}
