import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { createAuthorize } from '../serving/authorize';
import type { ServedReranker } from '../serving/scorer';
import type { RerankerOptions } from '../types';
import { answerBinding } from './binding-endpoint';
import { LazyModel, type ModelOptions } from './lazy-model';

const PLUGIN_NAME = 'bge-reranker';

/** What Wrangler's `unsafe.bindings[].dev.options` and Miniflare's `unsafeBindings[].options` hold. */
interface PluginOptions extends RerankerOptions {
  model?: string;
  /** Of a Reranker that `miniflareAi` was given. */
  loaded?: string;
}

interface UnsafeBinding {
  name: string;
  type: string;
  plugin: { package: string; name: string };
  options: PluginOptions;
}

/** A binding of this plugin, whatever Miniflare's version. */
interface OwnBinding {
  name: string;
  options: PluginOptions;
}

/** A Worker's options in Miniflare 5, as far as they are of use here. */
interface WorkerOptions {
  config?: { env?: Record<string, { dev?: { plugin?: { name: string }; options?: PluginOptions } } | undefined> };
}

/** What Miniflare hands to a plugin: version 4 its bindings, nothing when there are none; version 5 the Worker's options. */
function ownBindings(given: UnsafeBinding[] | WorkerOptions | undefined): OwnBinding[] {
  if (given === undefined || Array.isArray(given)) return given ?? [];
  return Object.entries(given.config?.env ?? {}).flatMap(([name, binding]) =>
    binding?.dev?.plugin?.name === PLUGIN_NAME ? [{ name, options: binding.dev.options ?? {} }] : [],
  );
}

/** Options are JSON on their way through Miniflare, so loaded Rerankers wait here. */
const loadedRerankers = new Map<string, ServedReranker>();

export interface MiniflareAiOptions extends ModelOptions {
  /** The binding's name in `env`. Default `AI`. */
  binding?: string | undefined;
}

/**
 * Worker options for Miniflare that make `env.AI` workerd's own AI module over this package:
 * `new Miniflare({ modules: true, script, ...miniflareAi({ model }) })`.
 */
export function miniflareAi({ binding = 'AI', model, ...options }: MiniflareAiOptions): {
  unsafeBindings: UnsafeBinding[];
} {
  let chosen: PluginOptions = { ...options };
  if (typeof model === 'string') {
    chosen.model = model;
  } else {
    chosen = { loaded: randomBytes(8).toString('hex') };
    loadedRerankers.set(chosen.loaded!, model);
  }
  const plugin = { package: require.resolve('./index'), name: PLUGIN_NAME };
  return { unsafeBindings: [{ name: binding, type: 'ai', plugin, options: chosen }] };
}

/** Where workerd reaches one model: a port on the loopback, and the token that keeps others out. */
interface Endpoint {
  address: string;
  token: string;
}

/** One endpoint for each set of options, for as long as the process lives: reloads of the Worker keep the model. */
const endpoints = new Map<string, Promise<Endpoint>>();

function modelOptions({ loaded, model, ...options }: PluginOptions): ModelOptions {
  const reranker = loaded === undefined ? model : loadedRerankers.get(loaded);
  if (reranker === undefined)
    throw new TypeError("The binding of bge-reranker needs dev.options.model: a folder or a model's name");
  return { model: reranker, ...options };
}

function startEndpoint(options: PluginOptions): Promise<Endpoint> {
  const model = new LazyModel(modelOptions(options));
  const token = randomBytes(32).toString('hex');
  const authorize = createAuthorize([token]);
  const listener = getRequestListener(
    (request) => {
      authorize(request.headers.get('authorization'));
      return answerBinding(request, model);
    },
    { overrideGlobalObjects: false, errorHandler: () => new Response(null, { status: 401 }) },
  );
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.unref();
      resolve({ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, token });
    });
  });
}

function endpointFor(options: PluginOptions): Promise<Endpoint> {
  const key = JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  const started = endpoints.get(key) ?? startEndpoint(options);
  endpoints.set(key, started);
  return started;
}

function serviceName(binding: OwnBinding): string {
  return `${PLUGIN_NAME}:${binding.name}`;
}

/** workerd's configuration of `env.AI`: its own module, whose requests go to the service. */
function wrappedAi(binding: OwnBinding) {
  const innerBindings = [{ name: 'fetcher', service: { name: serviceName(binding) } }];
  return { name: binding.name, wrapped: { moduleName: 'cloudflare-internal:ai-api', innerBindings } };
}

async function externalService(binding: OwnBinding) {
  const { address, token } = await endpointFor(binding.options);
  const injectRequestHeaders = [{ name: 'authorization', value: `Bearer ${token}` }];
  return { name: serviceName(binding), external: { address, http: { injectRequestHeaders } } };
}

/** Miniflare validates a plugin's options by the `parse` functions of a schema; the Reranker checks these when it loads. */
const anyOptions = { parse: (value: unknown) => value, parseAsync: (value: unknown) => Promise.resolve(value) };

/**
 * Miniflare's external plugins, which Wrangler, its Vite plugin and its Vitest pool load by the name of this package:
 * `unsafe.bindings: [{ name: "AI", type: "ai", dev: { plugin: { package: "bge-reranker/workers-ai", name: "bge-reranker" },
 * options: { model } } }]`.
 */
export const plugins = {
  [PLUGIN_NAME]: {
    options: anyOptions,
    getBindings: (given: UnsafeBinding[] | WorkerOptions | undefined) =>
      Promise.resolve(ownBindings(given).map(wrappedAi)),
    getNodeBindings: () => ({}),
    getServices: ({ options }: { options: UnsafeBinding[] | WorkerOptions | undefined }) =>
      Promise.all(ownBindings(options).map(externalService)),
  },
};
