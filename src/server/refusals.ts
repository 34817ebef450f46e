import { CLOUDFLARE_PREFIX, cloudflareFailure } from './dialects/cloudflare';
import type { Reply } from './dialects/dialect';
import { chooseRoute, type Route } from './dialects';
import { STATUS, type Failure } from './failure';

/** A refusal worded as the clients of its path expect, and who worded it. */
export interface Refusal extends Reply {
  dialect: string;
  headers?: Record<string, string>;
}

/** `body` decides between the dialects of a shared path, where it is known. */
export function refusalFor(
  path: string,
  failure: Failure,
  routes: ReadonlyMap<string, readonly Route[]>,
  body?: unknown,
): Refusal {
  if (path.startsWith(CLOUDFLARE_PREFIX)) return { dialect: 'cloudflare', ...cloudflareFailure(failure) };
  const shared = routes.get(path);
  if (!shared) return { dialect: 'none', status: STATUS[failure.kind], body: { error: failure.message } };
  const { dialect } = chooseRoute(shared, body);
  return { dialect: dialect.name, ...dialect.failure(failure) };
}
