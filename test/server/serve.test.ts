import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import pino from 'pino';
import { serve } from '../../src/server';
import { minilmFolder } from '../support/models';
import { temporaryFolder } from '../support/temporary-folder';

// What is refused is refused before the model is looked at, so no model is needed here.
const MODEL = '/no/such/model';

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});

it.each(['0.0.0.0', '::', '192.0.2.1', 'rerank.example', '127.0.0.1.example'])(
  'refuses to bind %s without a token, in one sentence',
  async (host) => {
    const refused = serve({ model: MODEL, host });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION', path: 'host' });
    await expect(refused).rejects.toThrow(
      /^Binding .* lets others reach this server: set a token .* or bind 127.0.0.1$/,
    );
  },
);

it('serves the public without a token where that is said, and only then', async () => {
  const options = { model: MODEL, host: '0.0.0.0' };
  await expect(serve({ ...options, allowPublicWithoutToken: true })).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
  });
  await expect(serve({ ...options, allowPublicWithoutToken: false })).rejects.toMatchObject({ path: 'host' });
});

it('and says so in the log each time', async () => {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const options = { model: minilmFolder(), reranker: { threads: 1 }, port: 0, logger: pino({}, stream) };
  const open = await serve({ ...options, host: '0.0.0.0', allowPublicWithoutToken: true });
  await open.close();
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 40, host: '0.0.0.0', msg: expect.stringMatching(/without a token/) }),
  );
  lines.length = 0;
  for (const others of [{ host: '0.0.0.0', tokens: ['t'] }, { allowPublicWithoutToken: true }]) {
    await (await serve({ ...options, ...others })).close();
  }
  expect(lines.filter(({ level }) => (level as number) > 30)).toEqual([]);
});

it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1'])('goes on to the model for %s', async (host) => {
  await expect(serve({ model: MODEL, host })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
});

it('takes a public address with a token from options, file or environment', async () => {
  const expected = { code: 'MODEL_NOT_FOUND' };
  const tokenFile = path.join(folder, 'tokens');
  await writeFile(tokenFile, '# whose\n\nabc # mine\ndef\n');
  await expect(serve({ model: MODEL, host: '0.0.0.0', tokens: ['t'] })).rejects.toMatchObject(expected);
  await expect(serve({ model: MODEL, host: '0.0.0.0', tokenFile })).rejects.toMatchObject(expected);
  process.env['BGE_RERANKER_TOKEN'] = 't';
  try {
    await expect(serve({ model: MODEL, host: '0.0.0.0' })).rejects.toMatchObject(expected);
  } finally {
    delete process.env['BGE_RERANKER_TOKEN'];
  }
});

it('refuses a token with # inside, where a comment would make it a shorter one', async () => {
  const tokenFile = path.join(folder, 'cut');
  await writeFile(tokenFile, 'secret#2026\n');
  await expect(serve({ model: MODEL, tokenFile })).rejects.toMatchObject({ code: 'INVALID_OPTION', path: 'tokens' });
  await writeFile(tokenFile, 'secret\t# of 2026\n  # more\n');
  await expect(serve({ model: MODEL, tokenFile })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
});

it('refuses a token file that is absent or empty', async () => {
  const tokenFile = path.join(folder, 'empty');
  await writeFile(tokenFile, '# nothing\n');
  await expect(serve({ model: MODEL, tokenFile })).rejects.toThrow('holds no token');
  await expect(serve({ model: MODEL, tokenFile: `${tokenFile}2` })).rejects.toThrow('cannot be read');
});
