import os from 'node:os';
import { join } from 'node:path';
import { cacheFolder, weightCacheFolder } from '../../src/models/cache';
import { findModel } from '../../src/models/find-model';
import { hubSettings } from '../../src/models/hub/settings';
import { temporaryFolder } from '../support/temporary-folder';

// A container whose user has no entry in /etc/passwd, and no HOME: os.homedir() throws ERR_SYSTEM_ERROR there.

const NAMES = ['HOME', 'HF_HOME', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'XDG_CACHE_HOME', 'BGE_RERANKER_CACHE'];
const before = { ...process.env };
beforeEach(() => {
  for (const name of NAMES) Reflect.deleteProperty(process.env, name);
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...before };
});

const homes: [string, () => string][] = [
  [
    'throws',
    () => {
      throw Object.assign(new Error('uv_os_homedir returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
    },
  ],
  ['is empty', () => ''],
];

describe.each(homes)('where the home folder %s', (_, home) => {
  beforeEach(() => void jest.spyOn(os, 'homedir').mockImplementation(home));
  const find = () => findModel('owner/model', { dtype: 'auto', provider: 'cpu' });

  it('a model by name is refused with the variables', async () => {
    await expect(find()).rejects.toMatchObject({
      name: 'RerankError',
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/no home: set HF_HOME, BGE_RERANKER_CACHE or HOME/),
    });
    expect(() => weightCacheFolder()).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(/set BGE_RERANKER_CACHE or HOME/),
      }),
    );
  });

  it.each(['HF_HOME', 'HF_HUB_CACHE', 'XDG_CACHE_HOME', 'BGE_RERANKER_CACHE'])('%s alone is enough', async (name) => {
    Object.assign(process.env, { [name]: temporaryFolder(), HF_HUB_OFFLINE: '1' });
    await expect(find()).rejects.toMatchObject({ code: 'OFFLINE' });
  });

  it('BGE_RERANKER_CACHE holds both kinds of copy', () => {
    process.env['BGE_RERANKER_CACHE'] = '/cache';
    expect(cacheFolder('owner/model')).toBe(join('/cache', 'models', 'owner', 'model'));
    expect(hubSettings().cacheFolder).toBe(join('/cache', 'hub'));
  });
});
