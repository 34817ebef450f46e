import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { temporaryModel, type TemporaryModel } from '../support/models';
import { modelForAnyTokenizer } from '../support/onnx-model';
import { temporaryFolder } from '../support/temporary-folder';
import { runCli } from './run-cli';

const REQUEST = `${JSON.stringify({ query: 'tea', contexts: [{ text: 'a cup' }, { text: 'a bus' }] })}\n`;

let folder: string;
let model: TemporaryModel;
const file = (name: string) => join(folder, name);

beforeAll(() => (model = temporaryModel({ 'model.onnx': modelForAnyTokenizer() })));
afterAll(() => model.remove());
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(file('in.jsonl'), REQUEST);
});

const batch = (input: string, output: string, ...rest: string[]) =>
  runCli(['batch', input, output, '-m', model.folder, ...rest]);

describe('a batch refuses an output that is its input', () => {
  const outputs: [string, () => string][] = [
    ['by the same path', () => file('in.jsonl')],
    ['by another path', () => join(folder, 'x', '..', 'in.jsonl')],
    ['by a relative path', () => relative(process.cwd(), file('in.jsonl'))],
    [
      'by a symbolic link',
      () => {
        symlinkSync(file('in.jsonl'), file('link'));
        return file('link');
      },
    ],
    [
      'through a linked folder',
      () => {
        symlinkSync(folder, file('folder'));
        return join(file('folder'), 'in.jsonl');
      },
    ],
    [
      'by a hard link',
      () => {
        linkSync(file('in.jsonl'), file('hard'));
        return file('hard');
      },
    ],
  ];

  it.each(outputs)('%s', async (_, output) => {
    mkdirSync(file('x'));
    const { code, stderr } = await batch(file('in.jsonl'), output(), '--overwrite');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/would be written, and is the input .*; choose another output \(INVALID_OPTION\)/),
    });
    expect(readFileSync(file('in.jsonl'), 'utf8')).toBe(REQUEST);
  });

  it('and the input given by a link to the output', async () => {
    symlinkSync(file('in.jsonl'), file('link'));
    expect(await batch(file('link'), file('in.jsonl'), '--overwrite')).toMatchObject({ code: 2 });
    expect(readFileSync(file('in.jsonl'), 'utf8')).toBe(REQUEST);
  });

  it.each(['out.jsonl.batch.json', 'out.jsonl.batch.lock.owner'])('whose own file %s is the input', async (name) => {
    writeFileSync(file(name), REQUEST);
    const { code, stderr } = await batch(file(name), file('out.jsonl'), '--overwrite');
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('is the input') });
    expect(readFileSync(file(name), 'utf8')).toBe(REQUEST);
  });
});

it('a batch refuses an output that is a file of the model, by its path or a link', async () => {
  // Copies: a test that fails must not empty what other tests read.
  const own = file('own');
  mkdirSync(own);
  for (const name of ['model.onnx', 'tokenizer.json', 'config.json']) {
    copyFileSync(join(model.folder, name), join(own, name));
  }
  linkSync(join(own, 'tokenizer.json'), file('hard'));
  for (const output of [join(own, 'model.onnx'), join(own, 'config.json'), file('hard')]) {
    const before = readFileSync(output);
    const { code, stderr } = await runCli(['batch', file('in.jsonl'), output, '-m', own, '--overwrite']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('a file of the model') });
    expect(readFileSync(output).equals(before)).toBe(true);
    expect(existsSync(`${output}.batch.json`)).toBe(false);
  }
});

it.each(['old.jsonl.batch.json', 'old.jsonl.batch.lock'])(
  'a batch refuses the name of its own files: %s',
  async (name) => {
    const journal = '{"settings":{},"input":{"headBytes":1,"headSha256":"x"}}';
    writeFileSync(file(name), journal);
    const { code, stderr } = await batch(file('in.jsonl'), file(name), '--overwrite');
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("a batch's own files") });
    expect(readFileSync(file(name), 'utf8')).toBe(journal);
  },
);

it('a file that has the name of the journal and is none stays as it is', async () => {
  writeFileSync(file('out.jsonl.batch.json'), '{"mine": true}');
  for (const options of [[], ['--overwrite']]) {
    const { code, stderr } = await batch(file('in.jsonl'), file('out.jsonl'), ...options);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('is no journal of a batch') });
    expect(readFileSync(file('out.jsonl.batch.json'), 'utf8')).toBe('{"mine": true}');
  }
});

it('--overwrite replaces answers of a batch only: input and output in the wrong order lose nothing', async () => {
  expect(await batch(file('in.jsonl'), file('out.jsonl'))).toMatchObject({ code: 0 });
  const answers = readFileSync(file('out.jsonl'), 'utf8');
  const { code, stderr } = await batch(file('out.jsonl'), file('in.jsonl'), '--overwrite');
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('remove it yourself') });
  expect(readFileSync(file('in.jsonl'), 'utf8')).toBe(REQUEST);
  truncateSync(file('out.jsonl'), 5);
  expect(await batch(file('in.jsonl'), file('out.jsonl'), '--overwrite')).toMatchObject({ code: 0 });
  expect(readFileSync(file('out.jsonl'), 'utf8')).toBe(answers);
});

it('a file that took the place of an unfinished output is not added to', async () => {
  expect(await batch(file('in.jsonl'), file('out.jsonl'))).toMatchObject({ code: 0 });
  const notes = 'notes of mine\nwith a last line that has no end';
  const identity = { settings: {}, input: { headBytes: 1, headSha256: 'x' } };
  writeFileSync(file('out.jsonl.batch.json'), JSON.stringify(identity));
  writeFileSync(file('out.jsonl'), notes);
  expect(await batch(file('in.jsonl'), file('out.jsonl'), '--overwrite')).toMatchObject({ code: 2 });
  expect(readFileSync(file('out.jsonl'), 'utf8')).toBe(notes);
});
