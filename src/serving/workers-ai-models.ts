import { DEFAULT_MODEL } from '../base/default-model';

/** The model id that Workers AI serves; here the loaded model answers to it, whichever that is. */
export const WORKERS_AI_MODEL = DEFAULT_MODEL;

/** One row of `env.AI.models()`. */
export interface AiModel {
  id: string;
  source: number;
  name: string;
  description: string;
  task: { id: string; name: string; description: string };
  tags: string[];
  properties: { property_id: string; value: string }[];
}

const TASK = {
  id: 'text-classification',
  name: 'Text Classification',
  description: 'Scores how well passages answer a query',
};

/** The ids a loaded model answers to. */
export function modelNames(servedName: string): Set<string> {
  return new Set([WORKERS_AI_MODEL, servedName]);
}

export function listModels(names: ReadonlySet<string>, maxLength: number): AiModel[] {
  return [...names].map((name) => ({
    id: name,
    source: 1,
    name,
    description: 'Cross-encoder reranker, served by bge-reranker in this process',
    task: TASK,
    tags: [],
    properties: [{ property_id: 'max_input_tokens', value: String(maxLength) }],
  }));
}
