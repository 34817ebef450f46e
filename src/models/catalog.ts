/** Other names of models, by the name on the Hugging Face hub that they stand for. */
const ALIASES: ReadonlyMap<string, string> = new Map([['@cf/baai/bge-reranker-base', 'BAAI/bge-reranker-base']]);

/** The hub's name of a model. */
export function hubName(model: string): string {
  return ALIASES.get(model) ?? model;
}
