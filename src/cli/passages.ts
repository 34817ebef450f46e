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

/** What a line holds: a text, an object without one, or nothing that is JSON. */
type Line = { text: string } | 'object' | 'plain';

function read(line: string): Line {
  if (!line.startsWith('{')) return 'plain';
  try {
    const { text } = JSON.parse(line) as { text?: unknown };
    return typeof text === 'string' && text !== '' ? { text } : 'object';
  } catch {
    return 'plain';
  }
}

/**
 * Passages, one a line: plain text, or JSON objects with `text` where the first line is an object (then all must be).
 * Lines of white space are skipped and do not count.
 */
export function parsePassages(content: string): string[] {
  const lines = content.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const filled = lines.filter(({ line }) => line !== '');
  if (filled[0] === undefined || read(filled[0].line) === 'plain') return filled.map(({ line }) => line);
  return filled.map(({ line, number }) => {
    const found = read(line);
    if (typeof found === 'object') return found.text;
    const message =
      number === filled[0]!.number
        ? `Line ${number} is a JSON object without a string 'text'; name the passage 'text', or give plain lines`
        : `Line ${number} is not a JSON object with a string 'text', as the first is`;
    throw new RerankError('INVALID_INPUT', message);
  });
}

/** From the file, else from stdin. */
export async function readPassages(file: string | undefined): Promise<string[]> {
  if (file === undefined && process.stdin.isTTY) {
    throw usageError('Give the passages in a file after the query, or on stdin, one a line');
  }
  const passages = parsePassages(await readAll(file));
  if (passages.length === 0) process.stderr.write(`${file ?? 'stdin'} holds no passages: give one a line\n`);
  return passages;
}
