import { existsSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { temporaryFolder } from './temporary-folder';

// Filled by scripts/models/get-test-model.mjs, which `npm test` runs first.
const cache = path.resolve(process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker'));

function fetched(folder: string): string {
  const full = path.join(cache, folder);
  if (!existsSync(full)) throw new Error(`${full} is missing: run node scripts/models/get-test-model.mjs --tokenizers`);
  return full;
}

/** cross-encoder/ms-marco-MiniLM-L-12-v2, int8. */
export const minilmFolder = (): string => fetched('models/cross-encoder/ms-marco-MiniLM-L-12-v2');

/** The same files without config.json: of an architecture that is not said, so ONNX Runtime runs them. */
export const minilmOnOnnxRuntime = (): string => temporaryModel({ 'config.json': null }).folder;

/** The real tokenizer.json files by the names that the parity sets use. */
export const tokenizerFile = (name: 'minilm' | 'xlmr' | 'bge' | 'qwen3'): string =>
  ({
    minilm: () => path.join(minilmFolder(), 'tokenizer.json'),
    xlmr: () => path.join(fetched('tokenizers/intfloat/multilingual-e5-small'), 'tokenizer.json'),
    qwen3: () => path.join(fetched('tokenizers/Qwen/Qwen3-Reranker-0.6B'), 'tokenizer.json'),
    bge: () => path.join(fetched('tokenizers/BAAI/bge-reranker-base'), 'tokenizer.json'),
  })[name]();

export interface TemporaryModel {
  folder: string;
  remove: () => void;
}

/**
 * A model folder of parts: the MiniLM's, but for those given as text or bytes (null: leave the file out).
 * A path in `links` is linked instead of the MiniLM's own file.
 */
export function temporaryModel(
  contents: Partial<Record<'model.onnx' | 'tokenizer.json' | 'config.json', string | Uint8Array | null>>,
  links: Partial<Record<'model.onnx' | 'tokenizer.json', string>> = {},
): TemporaryModel {
  const folder = temporaryFolder();
  for (const name of ['model.onnx', 'tokenizer.json', 'config.json'] as const) {
    const content = contents[name];
    if (content === null) continue;
    if (content !== undefined) writeFileSync(path.join(folder, name), content);
    else
      symlinkSync(
        (links as Record<string, string | undefined>)[name] ?? path.join(minilmFolder(), name),
        path.join(folder, name),
      );
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
