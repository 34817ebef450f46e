import type { Context, Hono } from 'hono';
import type { Route } from './dialects';
import type { Served } from './dialects/dialect';
import { Failure } from './failure';
import type { Metrics } from './metrics';
import type { CheckedHandlerOptions } from './options';
import type { Scorer } from './scoring';

export interface AppParts {
  scorer: Scorer;
  served: Served;
  options: CheckedHandlerOptions;
  routes: ReadonlyMap<string, readonly Route[]>;
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
export type App = Hono<{ Variables: Variables }>;
export type AppContext = Context<{ Variables: Variables }>;

/** A page or a state: anything but GET and HEAD is refused. */
export function registerGet(app: App, path: string, answer: (c: AppContext) => Response | Promise<Response>): void {
  app.get(path, answer);
  app.all(path, () => {
    throw new Failure('wrong_method', `Ask for ${path} by GET`);
  });
}
