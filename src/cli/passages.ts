import { createReadStream } from 'node:fs';
import { RerankError } from '../errors';
import { decodeText } from './text-files';
import { fileError, usageError } from './usage-error';

async function readAll(file: string | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of file === undefined ? process.stdin : createReadStream(file)) chunks.push(chunk as Buffer);
  } catch (error) {
    throw fileError('read', file ?? 'stdin', error);
  }
  return decodeText(Buffer.concat(chunks), file ?? 'stdin');
}

/** The `text` of a line of JSON; undefined for anything else. */
function textOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { text } = JSON.parse(line) as { text?: unknown };
    return typeof text === 'string' && text !== '' ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Passages, one a line: plain text, or JSON objects with `text` where the first line is one (then all must be). Lines
 * of white space are skipped and do not count.
 */
export function parsePassages(content: string): string[] {
  const lines = content.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const filled = lines.filter(({ line }) => line !== '');
  if (filled[0] === undefined || textOf(filled[0].line) === undefined) return filled.map(({ line }) => line);
  return filled.map(({ line, number }) => {
    const text = textOf(line);
    if (text !== undefined) return text;
    throw new RerankError('INVALID_INPUT', `Line ${number} is not a JSON object with a string 'text', as the first is`);
  });
}

/** From the file, else from stdin. */
export async function readPassages(file: string | undefined): Promise<string[]> {
  if (file === undefined && process.stdin.isTTY) {
    throw usageError('Give the passages in a file after the query, or on stdin, one a line');
  }
  return parsePassages(await readAll(file));
}
