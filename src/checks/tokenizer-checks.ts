import { finding, type Finding } from './finding';
import type { ModelGraph } from '../formats/model-graph';
import { tableRows } from './tables';

type Json = Record<string, unknown>;

/** What the doctor reads from tokenizer.json and tokenizer_config.json. */
export interface TokenizerFacts {
  /** The model's vocabulary and the added tokens: one more than the highest id. */
  vocabulary: number;
  highestType: number;
  /** Lengths that the files state: truncation.max_length, model_max_length. */
  limits: Map<string, number>;
}

/** Larger values are how transformers writes "no limit". */
const LARGEST_LIMIT = 2 ** 20;
/** A table is padded to a round number of rows; a difference above this share is no padding. */
const LARGEST_PADDING = 0.05;

function vocabularyOf({ model, added_tokens: added }: Json): number {
  const { vocab } = (model ?? {}) as { vocab?: unknown };
  const ids = Array.isArray(vocab) ? [vocab.length - 1] : Object.values((vocab ?? {}) as Record<string, number>);
  const addedIds = Array.isArray(added) ? (added as { id: number }[]).map(({ id }) => id) : [];
  return ids.concat(addedIds).reduce((highest, id) => Math.max(highest, id), -1) + 1;
}

/** The largest type_id of the pair template; processors without a template have types of their own kind. */
function highestTypeOf(processor: Json | null | undefined): number {
  if (!processor) return 0;
  if (processor['type'] === 'Sequence') {
    return Math.max(0, ...((processor['processors'] ?? []) as Json[]).map(highestTypeOf));
  }
  if (processor['type'] === 'BertProcessing') return 1;
  const pair = (processor['pair'] ?? []) as Record<string, { type_id?: number }>[];
  return Math.max(0, ...pair.flatMap((piece) => Object.values(piece).map(({ type_id: type }) => type ?? 0)));
}

function limitsOf(tokenizer: Json, tokenizerConfig: Json | undefined): Map<string, number> {
  const { max_length: truncation } = (tokenizer['truncation'] ?? {}) as { max_length?: unknown };
  const limits = new Map<string, unknown>([
    ['tokenizer.json', truncation],
    ['tokenizer_config.json', tokenizerConfig?.['model_max_length']],
  ]);
  const isLimit = (value: unknown): value is number => Number.isInteger(value) && (value as number) <= LARGEST_LIMIT;
  return new Map([...limits].filter((entry): entry is [string, number] => isLimit(entry[1])));
}

export function tokenizerFacts(tokenizer: Json, tokenizerConfig: Json | undefined): TokenizerFacts {
  return {
    vocabulary: vocabularyOf(tokenizer),
    highestType: highestTypeOf(tokenizer['post_processor'] as Json | null),
    limits: limitsOf(tokenizer, tokenizerConfig),
  };
}

/** `maxTokens` is what the model takes. */
export function checkLimits({ limits }: TokenizerFacts, maxTokens: number): Finding[] {
  return [...limits]
    .filter(([, limit]) => limit > maxTokens)
    .map(([file, limit]) => {
      const message = `${file} allows ${limit} tokens, the model takes ${maxTokens}`;
      return finding(
        'TOKENIZER_LIMIT_TOO_HIGH',
        message,
        `Nothing to do here: pairs are cut at ${maxTokens}; other programs may fail`,
      );
    });
}

export function checkVocabulary(vocabulary: number, graph: ModelGraph): Finding[] {
  const { words } = tableRows(graph);
  if (words === undefined || vocabulary === words) return [];
  const message = `The tokenizer has ${vocabulary} tokens, the graph's table ${words} rows`;
  const remedy = 'Use the tokenizer.json that belongs to this model';
  if (vocabulary > words) return [finding('VOCABULARY_TOO_LARGE', message, remedy)];
  return words - vocabulary > LARGEST_PADDING * words ? [finding('VOCABULARY_DIFFERS', message, remedy)] : [];
}
