import { randomUUID } from 'node:crypto';
import { RerankError } from '../errors';
import { checkInput } from '../validate';
import { Failure, toFailure, type FailureKind } from './failure';
import type { Scorer } from './scorer';

/** A refusal as Workers AI words it. */
export interface WorkersAiFailure {
  status: number;
  code: number;
  description: string;
}

export interface ModelAnswer {
  /** `cf-ai-req-id`; absent when the request reached no model. */
  requestId?: string;
  outcome: { response: { id: number; score: number }[]; tokens: number } | WorkersAiFailure;
  /** What the outcome words, for the log. */
  failure?: Failure;
}

const CAPACITY = 'Capacity temporarily exceeded, please try again.';

// 5006 and 3040 are seen live; the 30xx are of the documented table; 8001 is this server's own, for its failures.
const WORDING: Record<FailureKind, [status: number, code: number, prefix: string]> = {
  invalid: [400, 5006, 'Error: '],
  empty: [400, 5006, 'Error: '],
  too_long: [400, 5006, 'Error: '],
  malformed: [400, 3003, 'Incomplete request: '],
  unsupported_media: [415, 3003, 'Incomplete request: '],
  too_large: [413, 3006, 'Request is too large: '],
  timeout: [408, 3007, 'Request timeout: '],
  aborted: [408, 3008, 'Request was aborted: '],
  overloaded: [429, 3040, ''],
  unavailable: [429, 3040, ''],
  not_found: [400, 7000, ''],
  wrong_method: [405, 10405, ''],
  unauthorized: [401, 10000, ''],
  bad_authorization: [400, 6003, ''],
  forbidden: [403, 10000, ''],
  failed: [500, 8001, 'Internal error: '],
};

export function toWorkersAiFailure({ kind, message }: Failure): WorkersAiFailure {
  const [status, code, prefix] = WORDING[kind];
  const busy = kind === 'overloaded' || kind === 'unavailable';
  return { status, code, description: busy ? CAPACITY : prefix + message };
}

function checked(inputs: unknown) {
  try {
    return checkInput(inputs, { nullTopK: 'refuse' });
  } catch (error) {
    if (error instanceof RerankError) throw new Failure('invalid', error.message);
    throw error;
  }
}

export interface ModelCall {
  model: string;
  inputs: unknown;
  /** Answer 3040 when other requests wait already. */
  rejectIfBusy?: boolean;
  signal?: AbortSignal;
}

/** One call of the model as Workers AI answers it, by REST or by binding. `models` are the ids it answers to. */
export async function runModel(scorer: Scorer, models: ReadonlySet<string>, call: ModelCall): Promise<ModelAnswer> {
  if (!models.has(call.model)) {
    return { outcome: { status: 400, code: 5007, description: `No such model ${call.model} or task` } };
  }
  const requestId = randomUUID();
  try {
    const { query, texts, topK } = checked(call.inputs);
    if (call.rejectIfBusy && scorer.reranker.stats().queuedPairs > 0) throw new Failure('overloaded', CAPACITY);
    const { results, tokens } = await scorer.score({ query, texts, topN: topK }, call.signal);
    return { requestId, outcome: { response: results.map(({ index, score }) => ({ id: index, score })), tokens } };
  } catch (error) {
    const failure = toFailure(error, call.signal);
    return { requestId, outcome: toWorkersAiFailure(failure), failure };
  }
}
