import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLines } from '../../src/cli/batch-lines';
import { readPassages } from '../../src/cli/passages';
import { decodeText } from '../../src/cli/text-files';
import { temporaryFolder } from '../support/temporary-folder';

const TEXT = 'Über den Wolken\r\n日本語\n';
const LINES = ['Über den Wolken', '日本語'];
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
const NOT_UTF8 = Buffer.from('Über den Wolken\n', 'latin1');

let file: string;
beforeEach(() => (file = join(temporaryFolder(), 'passages.txt')));

describe('rank', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-16LE with a mark', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['UTF-16BE with a mark', utf16be(`\ufeff${TEXT}`)],
  ])('reads %s', async (_, bytes) => {
    writeFileSync(file, bytes);
    expect(await readPassages(file)).toEqual(LINES);
  });

  it.each([
    ['Latin-1', NOT_UTF8, /passages\.txt is not valid UTF-8; convert it/],
    ['UTF-16 without a mark', Buffer.from('plain\n', 'utf16le'), /passages\.txt holds NUL characters/],
    ['cut UTF-16', Buffer.from('\ufeffab', 'utf16le').subarray(0, 5), /is not valid UTF-16LE/],
    ['UTF-32', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from('a\0\0\0', 'latin1')]), /NUL characters/],
  ])('refuses %s by the name of the file', async (_, bytes, message) => {
    writeFileSync(file, bytes);
    const refused = readPassages(file);
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT', path: file });
    await expect(refused).rejects.toThrow(message);
  });

  it('keeps a mark in the middle: only at the head it is one', () => {
    expect(decodeText(Buffer.from('\ufeffa\ufeffb'), 'x')).toBe('a\ufeffb');
  });
});

describe('JSON lines of batch', () => {
  const lines = async () => {
    const found: string[] = [];
    for await (const { bytes } of readLines(file)) found.push(bytes.toString('utf8'));
    return found;
  };

  it('lose no request to a byte order mark', async () => {
    writeFileSync(file, '\ufeff{"a":1}\n{"b":2}');
    expect(await lines()).toEqual(['{"a":1}', '{"b":2}']);
    writeFileSync(file, '\ufeff\n{"b":2}\n');
    expect(await lines()).toEqual(['{"b":2}']);
    writeFileSync(file, '\ufeff');
    expect(await lines()).toEqual([]);
  });

  it.each([
    ['UTF-16LE', Buffer.from('\ufeff{"a":1}\n', 'utf16le')],
    ['UTF-16BE', utf16be('\ufeff{"a":1}\n')],
  ])('in %s are refused by name', async (encoding, bytes) => {
    writeFileSync(file, bytes);
    await expect(lines()).rejects.toThrow(`${file} is ${encoding}; convert it to UTF-8`);
  });
});
