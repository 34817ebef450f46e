import * as v from 'valibot';
import { STATUS, type Failure } from '../../serving/failure';
import type { Dialect, Endpoint, Lookup, Reply, Served } from './dialect';
import { createDialects, type DialectName } from './registry';

/** An endpoint with its dialect. */
export interface Route {
  endpoint: Endpoint;
  dialect: Dialect;
  dialectName: DialectName;
}

/** A refusal worded as the clients of its path expect, and who worded it. */
export interface Refusal extends Reply {
  dialectName: DialectName | 'none';
}

/** The route that a body is meant for; the last one's for what is no object, or not known yet. */
export function chooseRoute(routes: readonly Route[], body: unknown): Route {
  const claiming = ({ endpoint: { claims } }: Route) => claims === undefined || v.is(claims, body);
  return routes.find(claiming) ?? routes[routes.length - 1]!;
}

/** What clients make of a base URL that ends in a slash: `//v1/rerank`, `/v1/rerank/`. */
const withoutExtraSlashes = (path: string): string => path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');

/** Which endpoints a path leads to, and who words what goes wrong there. */
export class RouteTable {
  /** The enabled dialects' routes by their paths as OpenAPI writes them. */
  readonly byPath: ReadonlyMap<string, readonly Route[]>;
  /** The enabled dialects' GET routes. */
  readonly lookups: readonly (Lookup & { dialectName: DialectName })[];
  readonly #prefixed: readonly Route[];
  readonly #enabled: ReadonlySet<DialectName>;

  constructor(enabled: readonly DialectName[], served: Served) {
    this.#enabled = new Set(enabled);
    const dialects = createDialects(served);
    const routes = dialects.flatMap(([dialectName, dialect]) =>
      dialect.endpoints.map((endpoint): Route => ({ endpoint, dialect, dialectName })),
    );
    // A dialect that is off still words the refusals of its own paths.
    this.#prefixed = routes.filter(({ dialect }) => dialect.prefix !== undefined);
    const byPath = new Map<string, Route[]>();
    for (const route of routes.filter(({ dialectName }) => this.#enabled.has(dialectName))) {
      const { path } = route.endpoint;
      byPath.set(path, [...(byPath.get(path) ?? []), route]);
    }
    this.byPath = byPath;
    this.lookups = dialects
      .filter(([dialectName]) => this.#enabled.has(dialectName))
      .flatMap(([dialectName, { lookups = [] }]) => lookups.map((lookup) => ({ ...lookup, dialectName })));
  }

  /** The routes that share a path; undefined where there are none. */
  find(path: string): readonly Route[] | undefined {
    const own = this.#ownerOf(path);
    if (own) return this.#enabled.has(own.dialectName) ? [own] : undefined;
    return this.byPath.get(withoutExtraSlashes(path));
  }

  /** `body` decides between the dialects of a shared path, where it is known. */
  refuse(path: string, failure: Failure, body?: unknown): Refusal {
    const own = this.#ownerOf(path);
    const routes = own ? [own] : this.byPath.get(withoutExtraSlashes(path));
    if (!routes) return { dialectName: 'none', status: STATUS[failure.kind], body: { error: failure.message } };
    const { dialect, dialectName } = chooseRoute(routes, body);
    return { dialectName, ...dialect.failure(failure) };
  }

  /** Where the playground sends its requests; undefined where no enabled dialect takes them. */
  get playgroundPath(): string | undefined {
    const routes = [...this.byPath.values()].flat();
    return routes.find(({ dialect }) => dialect.playgroundPath !== undefined)?.dialect.playgroundPath;
  }

  #ownerOf(path: string): Route | undefined {
    return this.#prefixed.find(({ dialect }) => path.startsWith(dialect.prefix!));
  }
}
