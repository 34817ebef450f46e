import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { modelNames } from '../../workers-ai/models';
import { runModel, toWorkersAiFailure, type ModelAnswer } from '../../workers-ai/run-model';
import { Failure } from '../failure';
import { count, text } from './fields';
import type { CallContext, Reply } from './dialect';

export const CLOUDFLARE_PREFIX = '/client/v4/';
export const CLOUDFLARE_RUN_PATH = '/client/v4/accounts/{account_id}/ai/run/{model}';

// For the OpenAPI document; `checkInput` is the validator, as its messages must be Cloudflare's. A test holds the two together.
export const cloudflareRequest = v.looseObject({
  query: text,
  contexts: v.array(v.looseObject({ text })),
  top_k: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

export const cloudflareResponse = v.object({
  result: v.object({
    response: v.array(v.object({ id: count, score: v.number() })),
    usage: v.object({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
  }),
  success: v.literal(true),
  errors: v.array(v.unknown()),
  messages: v.array(v.unknown()),
});

export const cloudflareFailureSchema = v.object({
  errors: v.array(v.looseObject({ code: v.number(), message: v.string() })),
  success: v.literal(false),
  result: v.nullable(v.object({})),
  messages: v.array(v.unknown()),
});

export interface CloudflareReply extends Reply {
  headers: Record<string, string>;
  /** For the log. */
  failure?: Failure;
}

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
function apiRefusal(status: number, error: ErrorRow): CloudflareReply {
  const { code, message, error_chain } = error;
  const errors = [error_chain ? { code, message, error_chain } : { code, message }];
  return { status, headers: ray(), body: { result: null, success: false, errors, messages: [] } };
}

function refusal(status: number, code: number, message: string, requestId?: string): CloudflareReply {
  return {
    status,
    headers: { ...ray(), ...(requestId === undefined ? undefined : { 'cf-ai-req-id': requestId }) },
    body: { errors: [{ message, code }], success: false, result: {}, messages: [] },
  };
}

/** Failures of the request itself: its headers, its body, its route. */
export function cloudflareFailure(failure: Failure): CloudflareReply {
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

/** The model's id from the path, where the SDKs may have escaped its slashes; the refusal of an account that cannot be. */
export function routeModel(path: string, method: string): string | CloudflareReply {
  const [, account, rest = ''] = ROUTE.exec(path) ?? [];
  if (account === undefined) throw new Failure('not_found', 'No route for that URI');
  if (!ACCOUNT_ID.test(account)) {
    const message = `Could not route to ${path}, perhaps your object identifier is invalid?`;
    return apiRefusal(404, { code: 7003, message });
  }
  const model = rest.startsWith('ai/run/') ? decoded(rest.slice('ai/run/'.length)) : '';
  if (model === '') throw new Failure('not_found', 'No route for that URI');
  if (method !== 'POST') throw new Failure('wrong_method', 'Use POST');
  return model;
}

function toReply({ requestId, outcome }: ModelAnswer): CloudflareReply {
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

/** Cloudflare's REST API of Workers AI. */
export async function answerCloudflare(
  model: string,
  body: unknown,
  { scorer, served, signal }: CallContext,
): Promise<CloudflareReply> {
  const answer = await runModel(scorer, modelNames(served.name), { model, inputs: body, signal });
  return { ...toReply(answer), failure: answer.failure };
}
