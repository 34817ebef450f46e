import { BodyBudget, BodyShare } from '../serving/body/body-budget';
import { readJson, type BodyLimits } from '../serving/body/read-json';
import { Failure } from '../serving/failure';
import { registerGet, respond, retryAfter, type App, type AppParts } from './context';
import { chooseRoute } from './dialects/route-table';
import type { CheckedHandlerOptions } from './options';

/** A passage may be an object with some data of its own beside its text. */
function bodyLimits({ maxBodyBytes, bodyTimeoutMs, maxContexts }: CheckedHandlerOptions): BodyLimits {
  return { maxBodyBytes, bodyTimeoutMs, maxContainers: 1000 + 4 * maxContexts, maxValues: 1000 + 16 * maxContexts };
}

/** What clients of a dialect ask before they send requests. */
export function registerLookups(app: App, { routes, served, scorer, version }: AppParts): void {
  for (const { path, dialectName, answer } of routes.lookups) {
    registerGet(app, path, (c) => {
      c.set('dialect', dialectName);
      return respond(200, answer({ served, scorer, version }));
    });
  }
}

/** The rest of all paths: the path finds the routes, the body the one among them. */
export function registerDialects(app: App, { scorer, served, options, routes }: AppParts): void {
  const limits = bodyLimits(options);
  const budget = new BodyBudget(options.maxBodyBytesInFlight);
  app.all('*', async (c) => {
    const { path, method } = c.req;
    const sharing = routes.find(path);
    if (!sharing) throw new Failure('not_found', `There is no ${method} ${path} here`);
    const [first] = sharing;
    const parameters = first!.endpoint.parameters?.read(path) ?? {};
    if (method !== 'POST') throw new Failure('wrong_method', `Send ${path} as POST`);
    const share = new BodyShare(budget);
    try {
      const source = { request: c.req.raw, incoming: c.env.incoming };
      const body = await readJson(source, limits, first!.endpoint.media ?? 'json', share);
      c.set('body', body);
      const { endpoint, dialectName } = chooseRoute(sharing, body);
      c.set('dialect', dialectName);
      const reply = await endpoint.answer(body, { scorer, served, signal: c.req.raw.signal, parameters });
      c.set('failure', reply.failure);
      return respond(reply.status, reply.body, { ...reply.headers, ...retryAfter(reply.failure) });
    } finally {
      share.release();
    }
  });
}
