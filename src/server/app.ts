import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { createAuthorize } from './auth';
import { readJson, type BodyLimits } from './body/read-json';
import { registerGet, type App, type AppContext, type AppParts } from './context';
import { answerCloudflare, CLOUDFLARE_PREFIX, routeModel } from './dialects/cloudflare';
import { chooseRoute, type Route } from './dialects';
import type { Reply } from './dialects/dialect';
import { Failure, toFailure } from './failure';
import type { CheckedHandlerOptions } from './options';
import { registerPages } from './pages';
import { refusalFor } from './refusals';
import { logRequest } from './request-log';

interface Answer extends Reply {
  headers?: Record<string, string>;
}

/** Not Hono's `json`, which adds a charset that the binding's clients would not take for JSON. */
function respond({ status, body, headers }: Answer): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, 'content-type': 'application/json' } });
}

/** A passage may be an object with some data of its own beside its text. */
function bodyLimits({ maxBodyBytes, bodyTimeoutMs, maxContexts }: CheckedHandlerOptions): BodyLimits {
  return { maxBodyBytes, bodyTimeoutMs, maxContainers: 1000 + 4 * maxContexts };
}

function refuse(c: AppContext, failure: Failure, { routes }: AppParts): Response {
  const { dialect, headers, ...reply } = refusalFor(c.req.path, failure, routes, c.get('body'));
  c.set('dialect', dialect);
  c.set('failure', failure);
  const challenge = c.req.method === 'GET' ? 'Basic realm="bge-reranker", charset="UTF-8"' : 'Bearer';
  return respond({
    ...reply,
    headers: {
      ...headers,
      ...(failure.closeConnection ? { connection: 'close' } : undefined),
      ...(failure.kind === 'unauthorized' ? { 'www-authenticate': challenge } : undefined),
      ...(failure.kind === 'wrong_method' ? { allow: dialect === 'none' ? 'GET, HEAD' : 'POST' } : undefined),
    },
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
  const ready = () => (isReady() ? respond({ status: 200, body: { status: 'ready' } }) : notReady());
  const notReady = () => respond({ status: 503, body: { status: 'draining' } });
  registerGet(app, '/health', ready);
  registerGet(app, '/health/ready', ready);
  registerGet(app, '/health/live', () => respond({ status: 200, body: { status: 'live' } }));
}

function registerMetrics(app: App, { metrics }: AppParts): void {
  const { registry } = metrics;
  registerGet(app, '/metrics', async (c) =>
    c.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  );
}

function registerCloudflare(app: App, { scorer, served, options }: AppParts): void {
  const limits = bodyLimits(options);
  app.all(`${CLOUDFLARE_PREFIX}*`, async (c) => {
    c.set('dialect', 'cloudflare');
    const model = routeModel(c.req.path, c.req.method);
    if (typeof model !== 'string') return respond(model);
    const body = await readJson(c.req.raw, limits, 'any_text');
    c.set('body', body);
    const { failure, ...reply } = await answerCloudflare(model, body, { scorer, served, signal: c.req.raw.signal });
    c.set('failure', failure);
    return respond(reply);
  });
}

function registerRoute(app: App, path: string, routes: readonly Route[], { scorer, served, options }: AppParts): void {
  const limits = bodyLimits(options);
  app.post(path, async (c) => {
    const body = await readJson(c.req.raw, limits, 'json');
    c.set('body', body);
    const { endpoint, dialect } = chooseRoute(routes, body);
    c.set('dialect', dialect.name);
    return respond({
      status: 200,
      body: await endpoint.answer(body, { scorer, served, signal: c.req.raw.signal }),
    });
  });
  app.all(path, () => {
    throw new Failure('wrong_method', `Send ${path} as POST`);
  });
}

/** All routes. Every failure ends in one place, which words it by the path and the body. */
export function createApp(parts: AppParts): App {
  const { options, routes } = parts;
  const app: App = new Hono();
  const authorize = createAuthorize(options.tokens);
  observe(app, parts);
  announceDraining(app, parts);
  registerHealth(app, parts);
  app.use(async (c, next) => {
    authorize(c.req.header('authorization') ?? null);
    await next();
  });
  registerMetrics(app, parts);
  registerPages(app, parts);
  if (options.dialects.includes('cloudflare')) registerCloudflare(app, parts);
  for (const [path, shared] of routes) registerRoute(app, path, shared, parts);
  app.notFound((c) => refuse(c, new Failure('not_found', `There is no ${c.req.method} ${c.req.path} here`), parts));
  app.onError((error, c) => {
    const cause = error instanceof HTTPException ? new Failure('malformed', error.message) : error;
    return refuse(c, toFailure(cause, c.req.raw.signal), parts);
  });
  return app;
}
