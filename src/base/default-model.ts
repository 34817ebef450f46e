/** The model where none is named: Workers AI's own id, which the catalog reads as BAAI/bge-reranker-base. */
export const DEFAULT_MODEL = '@cf/baai/bge-reranker-base';
