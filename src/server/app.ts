import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { createAuthorize } from '../serving/authorize';
import { Failure, toFailure } from '../serving/failure';
import { createBrowserGuard } from './browser-guard';
import { respond, registerGet, retryAfter, type App, type AppContext, type AppParts } from './context';
import { registerDialects, registerLookups } from './dialect-routes';
import { registerPages } from './page-routes';
import { logRequest } from './request-log';

function refuse(c: AppContext, failure: Failure, { routes }: AppParts): Response {
  const { dialectName, status, headers, body } = routes.refuse(c.req.path, failure, c.get('body'));
  c.set('dialect', dialectName);
  c.set('failure', failure);
  const challenge = c.req.method === 'GET' ? 'Basic realm="bge-reranker", charset="UTF-8"' : 'Bearer';
  return respond(status, body, {
    ...headers,
    ...retryAfter(failure),
    ...(failure.closeConnection ? { connection: 'close' } : undefined),
    ...(failure.kind === 'unauthorized' ? { 'www-authenticate': challenge } : undefined),
    ...(failure.kind === 'wrong_method' ? { allow: dialectName === 'none' ? 'GET, HEAD' : 'POST' } : undefined),
  });
}

/** While the server drains, an answer says that it is its connection's last. */
function announceDraining(app: App, { isReady }: AppParts): void {
  app.use(async (c, next) => {
    await next();
    if (!isReady()) c.header('connection', 'close');
  });
}

/** Counts and logs every request once it is answered. */
function observe(app: App, { options, metrics }: AppParts): void {
  const { logger, logBodies } = options;
  app.use(async (c, next) => {
    const started = performance.now();
    await next();
    const milliseconds = performance.now() - started;
    const dialect = c.get('dialect') ?? 'none';
    const { status } = c.res;
    metrics.observe(dialect, status, milliseconds / 1000);
    if (!logger) return;
    const failure = c.get('failure');
    const { method, path } = c.req;
    const error = failure && { kind: failure.kind, message: failure.message, cause: failure.cause };
    const body = logBodies ? { body: c.get('body') } : undefined;
    logRequest(logger, { method, path, dialect, status, milliseconds, error, ...body });
  });
}

function registerHealth(app: App, { isReady }: AppParts): void {
  const ready = () => (isReady() ? respond(200, { status: 'ready' }) : respond(503, { status: 'draining' }));
  registerGet(app, '/health', ready);
  registerGet(app, '/health/ready', ready);
  registerGet(app, '/health/live', () => respond(200, { status: 'live' }));
}

function registerMetrics(app: App, { metrics }: AppParts): void {
  const { registry } = metrics;
  registerGet(app, '/metrics', async (c) =>
    c.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  );
}

/** Answers browsers that ask first, before any token is looked for: they send none with the question. */
function allowOrigins(app: App, origins: readonly string[]): void {
  app.use(
    cors({
      origin: origins.includes('*') ? '*' : [...origins],
      allowMethods: ['GET', 'POST'],
      allowHeaders: ['authorization', 'content-type'],
      exposeHeaders: ['retry-after', 'cf-ray', 'cf-ai-req-id'],
      maxAge: 600,
    }),
  );
}

/** All routes. Every failure ends in one place, which words it by the path and the body. */
export function createApp(parts: AppParts): App {
  const app: App = new Hono();
  const { tokens } = parts.options;
  const authorize = createAuthorize(tokens);
  const guard = tokens.length > 0 ? undefined : createBrowserGuard(parts.options);
  observe(app, parts);
  announceDraining(app, parts);
  if (parts.options.cors) allowOrigins(app, parts.options.cors);
  registerHealth(app, parts);
  app.use(async (c, next) => {
    guard?.(c.req.method, c.req.raw.headers);
    authorize(c.req.header('authorization') ?? null);
    await next();
  });
  registerMetrics(app, parts);
  registerPages(app, parts);
  registerLookups(app, parts);
  registerDialects(app, parts);
  app.onError((error, c) => {
    const cause = error instanceof HTTPException ? new Failure('malformed', error.message) : error;
    return refuse(c, toFailure(cause, c.req.raw.signal), parts);
  });
  return app;
}
