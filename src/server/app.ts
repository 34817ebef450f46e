import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { createAuthorize } from '../serving/authorize';
import { Failure, toFailure } from '../serving/failure';
import { respond, registerGet, type App, type AppContext, type AppParts } from './context';
import { registerDialects } from './dialect-routes';
import { registerPages } from './page-routes';
import { logRequest } from './request-log';

function refuse(c: AppContext, failure: Failure, { routes }: AppParts): Response {
  const { dialectName, status, headers, body } = routes.refuse(c.req.path, failure, c.get('body'));
  c.set('dialect', dialectName);
  c.set('failure', failure);
  const challenge = c.req.method === 'GET' ? 'Basic realm="bge-reranker", charset="UTF-8"' : 'Bearer';
  return respond(status, body, {
    ...headers,
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

/** All routes. Every failure ends in one place, which words it by the path and the body. */
export function createApp(parts: AppParts): App {
  const app: App = new Hono();
  const authorize = createAuthorize(parts.options.tokens);
  observe(app, parts);
  announceDraining(app, parts);
  registerHealth(app, parts);
  app.use(async (c, next) => {
    authorize(c.req.header('authorization') ?? null);
    await next();
  });
  registerMetrics(app, parts);
  registerPages(app, parts);
  registerDialects(app, parts);
  app.onError((error, c) => {
    const cause = error instanceof HTTPException ? new Failure('malformed', error.message) : error;
    return refuse(c, toFailure(cause, c.req.raw.signal), parts);
  });
  return app;
}
