import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { Failure } from '../../serving/failure';
import { runModel, toWorkersAiFailure, type ModelAnswer } from '../../serving/run-model';
import { modelNames, WORKERS_AI_MODEL } from '../../serving/workers-ai-models';
import type { Dialect, Reply, Served } from './dialect';
import { EXAMPLE } from './example';
import { count, text } from './fields';

const PREFIX = '/client/v4/';
const RUN_PATH = `${PREFIX}accounts/{account_id}/ai/run/{model}`;

// For the OpenAPI document; `checkInput` is the validator, as its messages must be Cloudflare's. A test holds the two together.
export const cloudflareRequest = v.looseObject({
  query: text,
  contexts: v.array(v.looseObject({ text })),
  top_k: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

const response = v.object({
  result: v.object({
    response: v.array(v.object({ id: count, score: v.number() })),
    usage: v.object({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  }),
  success: v.literal(true),
  errors: v.array(v.unknown()),
  messages: v.array(v.unknown()),
});

const failureSchema = v.object({
  errors: v.array(v.looseObject({ code: v.number(), message: v.string() })),
  success: v.literal(false),
  result: v.nullable(v.object({})),
  messages: v.array(v.unknown()),
});

/** `cf-ray` is on every answer: 16 hex digits and the place, which is this machine. */
function ray(): Record<string, string> {
  return { 'cf-ray': `${randomBytes(8).toString('hex')}-LOCAL` };
}

interface ErrorRow {
  message: string;
  code: number;
  error_chain?: { code: number; message: string }[];
}

/** Refusals before the model: of Cloudflare's API itself. */
function apiRefusal(status: number, error: ErrorRow): Reply {
  const { code, message, error_chain } = error;
  const errors = [error_chain ? { code, message, error_chain } : { code, message }];
  return { status, headers: ray(), body: { result: null, success: false, errors, messages: [] } };
}

function refusal(status: number, code: number, message: string, requestId?: string): Reply {
  return {
    status,
    headers: { ...ray(), ...(requestId === undefined ? undefined : { 'cf-ai-req-id': requestId }) },
    body: { errors: [{ message, code }], success: false, result: {}, messages: [] },
  };
}

/** The path of an account that cannot be. */
class UnknownAccount extends Failure {
  constructor(path: string) {
    super('not_found', `Could not route to ${path}, perhaps your object identifier is invalid?`);
  }
}

/** Failures of the request itself: its headers, its body, its route. */
function wordFailure(failure: Failure): Reply {
  if (failure instanceof UnknownAccount) return apiRefusal(404, { code: 7003, message: failure.message });
  const { status, code, description } = toWorkersAiFailure(failure);
  switch (failure.kind) {
    case 'unauthorized':
      return apiRefusal(status, { code, message: 'Authentication error' });
    case 'bad_authorization':
      return apiRefusal(status, {
        code,
        message: 'Invalid request headers',
        error_chain: [{ code: 6111, message: 'Invalid format for Authorization header' }],
      });
    case 'wrong_method':
      return apiRefusal(status, { code, message: 'Method not allowed for this authentication scheme' });
    case 'not_found':
      return apiRefusal(status, { code, message: 'No route for that URI' });
    default:
      return refusal(status, code, `AiError: ${description} (${randomUUID()})`);
  }
}

const ROUTE = /^\/client\/v4\/accounts\/([^/]+)(?:\/(.*))?$/;
const ACCOUNT_ID = /^[0-9a-f]{32}$/i;

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The model's id from the path, where the SDKs may have escaped its slashes. */
function modelOf(path: string): string {
  const [, account, rest = ''] = ROUTE.exec(path) ?? [];
  if (account !== undefined && !ACCOUNT_ID.test(account)) throw new UnknownAccount(path);
  const model = rest.startsWith('ai/run/') ? decoded(rest.slice('ai/run/'.length)) : '';
  if (model === '') throw new Failure('not_found', 'No route for that URI');
  return model;
}

function toReply({ requestId, outcome }: ModelAnswer): Reply {
  if ('code' in outcome) {
    const { status, code, description } = outcome;
    // As seen live: the validator's refusals are wrapped, the others stand as they are.
    const message = code === 5006 ? `AiError: Bad input: ${description} (${randomUUID()})` : description;
    return refusal(status, code, message, requestId);
  }
  const { response, tokens } = outcome;
  const usage = { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens };
  return {
    status: 200,
    headers: { ...ray(), 'cf-ai-req-id': requestId ?? randomUUID() },
    body: { result: { response, usage }, success: true, errors: [], messages: [] },
  };
}

/** Cloudflare's REST API of Workers AI. Any account will do. */
export function cloudflare(served: Served): Dialect {
  const models = modelNames(served.name);
  return {
    title: 'Cloudflare Workers AI',
    prefix: PREFIX,
    failure: wordFailure,
    failureSchema,
    playgroundPath: RUN_PATH.replace('{account_id}', '0'.repeat(32)).replace('{model}', WORKERS_AI_MODEL),
    endpoints: [
      {
        path: RUN_PATH,
        parameters: {
          schemas: { account_id: v.pipe(v.string(), v.regex(/^[0-9a-fA-F]{32}$/)), model: v.picklist([...models]) },
          read: (path) => ({ model: modelOf(path) }),
        },
        summary: 'Rank contexts (Cloudflare Workers AI)',
        example: { query: EXAMPLE.query, contexts: EXAMPLE.contexts },
        // As curl and plain forms send it: Cloudflare's API takes them.
        media: 'any_text',
        request: cloudflareRequest,
        response,
        async answer(body, { scorer, signal, parameters }) {
          const model = parameters['model']!;
          const answer = await runModel(scorer, models, { model, inputs: body, signal });
          return { ...toReply(answer), failure: answer.failure };
        },
      },
    ],
  };
}
