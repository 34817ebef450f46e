import * as v from 'valibot';
import type { ModelInfo } from '../../types';
import { Failure } from '../failure';
import type { Scorer } from '../scoring';

export const DIALECT_NAMES = ['cloudflare', 'tei', 'cohere', 'jina', 'infinity', 'vllm'] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** What the dialects know of the served model. */
export interface Served {
  /** The name to answer with; never a path of this machine. */
  name: string;
  info: ModelInfo;
}

export interface CallContext {
  scorer: Scorer;
  served: Served;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

export interface Reply {
  status: number;
  body: unknown;
}

/** One POST route of one dialect. The schemas both validate and make the OpenAPI document. */
export interface Endpoint {
  path: string;
  summary: string;
  request: v.GenericSchema;
  response: v.GenericSchema;
  /** On a path that several dialects share: what a body meant for this one looks like, valid or not. Absent: anything. */
  claims?: v.GenericSchema;
  answer: (body: unknown, context: CallContext) => Promise<object>;
}

export interface Dialect {
  name: DialectName;
  title: string;
  endpoints: Endpoint[];
  failure(failure: Failure): Reply;
  /** The body of every failure, for the OpenAPI document. */
  failureSchema: v.GenericSchema;
}

interface TypedEndpoint<S extends v.GenericSchema> extends Omit<Endpoint, 'answer' | 'request'> {
  request: S;
  answer: (body: v.InferOutput<S>, context: CallContext) => Promise<object>;
}

/** What was expected. Not Valibot's own message, which may quote what it received, a passage perhaps. */
function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'min_length' || issue.type === 'min_entries') return 'it must not be empty';
  if (issue.received === 'undefined') return 'it is required';
  return issue.expected === null ? issue.message : `expected ${issue.expected}`;
}

function check<S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const empty = issue.type === 'min_length' && Array.isArray(issue.input);
  throw new Failure(
    empty ? 'empty' : 'invalid',
    `${path === null ? 'The body' : `'${path}'`} is wrong: ${expectation(issue)}`,
  );
}

/** Types `answer` by the request's schema, and validates before it is called. */
export function endpoint<S extends v.GenericSchema>({ answer, ...rest }: TypedEndpoint<S>): Endpoint {
  return { ...rest, answer: (body, context) => answer(check(rest.request, body), context) };
}
