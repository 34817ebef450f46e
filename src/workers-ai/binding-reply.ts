import type { ModelAnswer, WorkersAiFailure } from '../serving/run-model';

/** What the inference service answers to the binding, before it becomes a Response or an Error. */
export interface BindingReply {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export const ERROR_NAME = 'InferenceUpstreamError';

function failureBody({ code, description }: WorkersAiFailure) {
  return { internalCode: code, message: description, name: ERROR_NAME, description };
}

export function bindingReply({ requestId, outcome }: ModelAnswer): BindingReply {
  const headers: Record<string, string> = requestId === undefined ? {} : { 'cf-ai-req-id': requestId };
  if ('code' in outcome) return { status: outcome.status, headers, body: failureBody(outcome) };
  return { status: 200, headers, body: { response: outcome.response } };
}

/** The binding parses JSON only when the content type is exactly this. */
export function toResponse({ status, headers, body }: BindingReply): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, 'content-type': 'application/json' } });
}
