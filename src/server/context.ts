import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import { Failure } from '../serving/failure';
import type { Scorer } from '../serving/scorer';
import type { Served } from './dialects/dialect';
import type { RouteTable } from './dialects/route-table';
import type { Metrics } from './metrics';
import type { CheckedHandlerOptions } from './options';

export interface AppParts {
  scorer: Scorer;
  served: Served;
  /** Of this package. */
  version: string;
  options: CheckedHandlerOptions;
  routes: RouteTable;
  metrics: Metrics;
  /** False while the server drains: /health/ready says so. */
  isReady: () => boolean;
}

interface Variables {
  /** Undefined until a route has claimed the request. */
  dialect: string | undefined;
  failure: Failure | undefined;
  body: unknown;
}
/** What Node's listener hands on beside the WHATWG request; nothing where the handler is called by `fetch`. */
interface Bindings {
  incoming?: IncomingMessage;
}
interface Environment {
  Variables: Variables;
  Bindings: Bindings;
}
export type App = Hono<Environment>;
export type AppContext = Context<Environment>;

/** Not Hono's `json`, which adds a charset that the binding's clients would not take for JSON. */
export function respond(status: number, body: unknown, headers?: Record<string, string>): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, 'content-type': 'application/json' } });
}

/** The header that says when to try again, where that is known. */
export function retryAfter(failure: Failure | undefined): Record<string, string> {
  const seconds = failure?.retryAfterSeconds;
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** A page or a state: anything but GET and HEAD is refused. */
export function registerGet(app: App, path: string, answer: (c: AppContext) => Response | Promise<Response>): void {
  app.get(path, answer);
  app.all(path, () => {
    throw new Failure('wrong_method', `Ask for ${path} by GET`);
  });
}
