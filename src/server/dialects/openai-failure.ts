import * as v from 'valibot';
import { STATUS, type Failure } from '../../serving/failure';
import type { Reply } from './dialect';

const TYPES: Record<number, string> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  404: 'NotFoundError',
  429: 'RateLimitError',
};

/** OpenAI's form of errors, which infinity and vLLM use. */
export function openAiFailure({ kind, message }: Failure): Reply {
  const status = STATUS[kind];
  const type = TYPES[status] ?? (status < 500 ? 'BadRequestError' : 'InternalServerError');
  return { status, body: { error: { message, type, param: null, code: status } } };
}

export const openAiFailureSchema = v.object({
  error: v.object({ message: v.string(), type: v.string(), param: v.null(), code: v.number() }),
});
