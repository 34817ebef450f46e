import { createHandler, type Handler, type HandlerOptions } from '../../src/server';
import { FakeReranker } from './fake-reranker';

export const ACCOUNT = '0123456789abcdef0123456789abcdef';
export const RUN = `/client/v4/accounts/${ACCOUNT}/ai/run/@cf/baai/bge-reranker-base`;

export interface Answer {
  status: number;
  headers: Headers;
  body: any;
}

export interface Served {
  reranker: FakeReranker;
  handler: Handler;
  /** POST; a string goes as it is, everything else as JSON. */
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  send: (path: string, init?: RequestInit) => Promise<Answer>;
}

export function served(options?: HandlerOptions): Served {
  const reranker = new FakeReranker();
  const handler = createHandler(reranker, options);
  const send = async (path: string, init?: RequestInit) => {
    const answer = await handler.fetch(new Request(`http://server${path}`, init));
    const text = await answer.text();
    const isJson = answer.headers.get('content-type') === 'application/json';
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { reranker, handler, post, send };
}
