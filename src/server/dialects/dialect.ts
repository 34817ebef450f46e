import * as v from 'valibot';
import type { AcceptedMedia } from '../../serving/body/read-json';
import { Failure } from '../../serving/failure';
import type { Scorer } from '../../serving/scorer';
import type { ModelInfo } from '../../types';

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
  /** What stands in the path, by the names of `Endpoint.parameters`. */
  parameters: Readonly<Record<string, string>>;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
  /** What a reply that is worded already says, for the log. */
  failure?: Failure;
}

/** What stands in an endpoint's path. */
export interface PathParameters {
  schemas: Record<string, v.GenericSchema>;
  /** Reads a path; a Failure is the refusal of one that names nothing here. */
  read: (path: string) => Record<string, string>;
}

/** One POST route of one dialect. The schemas both validate and make the OpenAPI document. */
export interface Endpoint {
  /** As OpenAPI writes it. */
  path: string;
  parameters?: PathParameters;
  summary: string;
  /** Content types of the body. Default `json`. */
  media?: AcceptedMedia;
  request: v.GenericSchema;
  response: v.GenericSchema;
  /** A body for the documentation. */
  example: object;
  /** On a path that several dialects share: what a body meant for this one looks like, valid or not. Absent: anything. */
  claims?: v.GenericSchema;
  answer: (body: unknown, context: CallContext) => Promise<Reply>;
}

export interface LookupContext {
  served: Served;
  scorer: Scorer;
  /** Of this package. */
  version: string;
}

/** A GET route that clients ask before they send requests. */
export interface Lookup {
  path: string;
  summary: string;
  response: v.GenericSchema;
  answer: (context: LookupContext) => object;
}

/** An HTTP API that clients know: its endpoints, and its words for failures. */
export interface Dialect {
  title: string;
  /** A dialect that has all paths from here on, and one endpoint, whose path holds parameters. */
  prefix?: string;
  endpoints: Endpoint[];
  lookups?: Lookup[];
  failure(failure: Failure): Reply;
  /** The body of every failure, for the OpenAPI document. */
  failureSchema: v.GenericSchema;
  /** Where the playground sends `{ query, contexts: [{ text }] }`; the page is there with this dialect only. */
  playgroundPath?: string;
}

interface TypedEndpoint<S extends v.GenericSchema> extends Omit<Endpoint, 'answer' | 'request'> {
  request: S;
  answer: (body: v.InferOutput<S>, context: CallContext) => Promise<object>;
}

/** A key of the body may be as long as the body. */
const MAX_SHOWN_PATH = 100;

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
  const path = v.getDotPath(issue)?.slice(0, MAX_SHOWN_PATH);
  const empty = issue.type === 'min_length' && Array.isArray(issue.input);
  throw new Failure(
    empty ? 'empty' : 'invalid',
    `${path === undefined ? 'The body' : `'${path}'`} is wrong: ${expectation(issue)}`,
  );
}

/** Types `answer` by the request's schema, and validates before it is called; what it answers is the body of a 200. */
export function endpoint<S extends v.GenericSchema>({ answer, ...rest }: TypedEndpoint<S>): Endpoint {
  return {
    ...rest,
    answer: async (body, context) => ({ status: 200, body: await answer(check(rest.request, body), context) }),
  };
}
