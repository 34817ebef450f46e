// Hugging Face `tokenizers` from npm: pairs as the reference encodes them, cut to the model's length.
import path from 'node:path';
import { Tokenizer } from 'tokenizers';

/** @returns {(query: string, contexts: string[]) => Promise<{ ids: number[], typeIds: number[] }[]>} */
export function pairTokenizer({ folder, maxLength }) {
  const tokenizer = Tokenizer.fromFile(path.join(folder, 'tokenizer.json'));
  tokenizer.disablePadding();
  tokenizer.setTruncation(maxLength, { strategy: 'LongestFirst' });
  return async (query, contexts) => {
    const encodings = await Promise.all(contexts.map((text) => tokenizer.encode(query, text)));
    return encodings.map((encoding) => ({ ids: encoding.getIds(), typeIds: encoding.getTypeIds() }));
  };
}
