import type { ModelGraph, StoredTensor } from '../formats/model-graph';

/** Embedding tables by what exporters call them; a quantised one carries a suffix. */
const WORDS = /(^|[./])(word_embeddings|tok_embeddings|embed_tokens)\.weight(_quantized)?$/;
const POSITIONS = /(^|[./])position_embeddings\.weight(_quantized)?$/;
const TYPES = /(^|[./])token_type_embeddings\.weight(_quantized)?$/;

/** Rows of the tables of a BERT-like graph; undefined where none of that name is in it. */
export interface TableRows {
  words: number | undefined;
  positions: number | undefined;
  types: number | undefined;
  /** Columns of the word table. */
  hidden: number | undefined;
}

function table({ initializers }: ModelGraph, name: RegExp): StoredTensor | undefined {
  return initializers.find((tensor) => tensor.dims.length === 2 && name.test(tensor.name));
}

export function tableRows(graph: ModelGraph): TableRows {
  const words = table(graph, WORDS);
  return {
    words: words?.dims[0],
    positions: table(graph, POSITIONS)?.dims[0],
    types: table(graph, TYPES)?.dims[0],
    hidden: words?.dims[1],
  };
}
