// Hugging Face `tokenizers` from npm: pairs as the reference encodes them.
import path from 'node:path';
import { Tokenizer } from 'tokenizers';

/**
 * @param {{ folder: string, maxLength?: number }} model Without maxLength nothing is cut.
 * @returns {(query: string, contexts: string[]) => Promise<{ ids: number[], typeIds: number[] }[]>}
 */
export function pairTokenizer({ folder, maxLength }) {
  const tokenizer = Tokenizer.fromFile(path.join(folder, 'tokenizer.json'));
  tokenizer.disablePadding();
  if (maxLength === undefined) tokenizer.disableTruncation();
  else tokenizer.setTruncation(maxLength, { strategy: 'LongestFirst' });
  return async (query, contexts) => {
    const encodings = await Promise.all(contexts.map((text) => tokenizer.encode(query, text)));
    return encodings.map((encoding) => ({ ids: encoding.getIds(), typeIds: encoding.getTypeIds() }));
  };
}
