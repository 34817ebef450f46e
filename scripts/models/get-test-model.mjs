// Puts the test model (and, with --tokenizers, the real tokenizers) into the cache; offline and quick when it is there.
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BGE_TOKENIZER, MINILM, QWEN3_TOKENIZER, XLMR_TOKENIZER } from './test-models.mjs';
import { fileSha256 } from './wheel.mjs';

// The same folder as in src/models/cache.ts.
const CACHE = process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker');

/** The first file that is not as it should be, and why; undefined when all is well. */
async function firstFault(folder, hashes) {
  for (const [name, expected] of Object.entries(hashes)) {
    const got = await fileSha256(path.join(folder, name)).catch((error) => error.code);
    if (got !== expected) return `${name}: expected sha256 ${expected}, got ${got}`;
  }
  return undefined;
}

/** The folder of one entry of test-models.mjs, complete and checked. It appears at once: no half-filled folder is seen. */
export async function fetched(entry) {
  const target = path.join(path.resolve(CACHE), entry.folder);
  if (!(await firstFault(target, entry.hashes))) return target;
  await mkdir(path.dirname(target), { recursive: true });
  const partial = await mkdtemp(`${target}.partial-`);
  try {
    await entry.fill(partial, fetched);
    const fault = await firstFault(partial, entry.hashes);
    if (fault) throw new Error(`${entry.folder} was fetched wrong, ${fault}`);
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
  } catch (error) {
    // Another process may have finished first.
    if (await firstFault(target, entry.hashes)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

export const getTestModel = () => fetched(MINILM);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const entries = process.argv.includes('--tokenizers')
    ? [MINILM, XLMR_TOKENIZER, BGE_TOKENIZER, QWEN3_TOKENIZER]
    : [MINILM];
  try {
    for (const entry of entries) console.log(await fetched(entry));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
