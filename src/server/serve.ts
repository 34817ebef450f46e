import { readFile } from 'node:fs/promises';
import { BlockList, isIPv4 } from 'node:net';
import type { Logger } from 'pino';
import { DEFAULT_MODEL } from '../base/default-model';
import { RerankError } from '../errors';
import { Reranker } from '../reranker';
import type { RerankerOptions } from '../types';
import { createServedHandler } from './handler';
import { createNodeServer, drain, listen, type ConnectionLimits } from './node-server';
import { checkHandlerOptions, type HandlerOptions } from './options';

export interface ServeOptions extends HandlerOptions, Omit<ConnectionLimits, 'bodyTimeoutMs'> {
  /** What `Reranker.load` takes. Default `@cf/baai/bge-reranker-base`. */
  model?: string | undefined;
  /** How to load it: dtype, threads, maxLength, truncation, specialTokens, maxQueuedTokens, executionProviders. */
  reranker?: RerankerOptions | undefined;
  /** Address to bind. Default 127.0.0.1; any address that others can reach needs a token. */
  host?: string | undefined;
  /**
   * Serve everyone at an address that others can reach, without a token: for where something else decides who may
   * connect (a service mesh, a network policy). A line in the log says so at each start. Default false.
   */
  allowPublicWithoutToken?: boolean | undefined;
  /** Port, 0 for any free one. Default 8787. */
  port?: number | undefined;
  /** File with one token a line, added to `tokens`; empty lines and comments (# at the start of a line or after white space) are skipped. */
  tokenFile?: string | undefined;
}

/** A running server. */
export interface RunningServer {
  /** `http://host:port`. */
  url: string;
  port: number;
  reranker: Reranker;
  /** Stops accepting, finishes what was accepted, gives the model back. Every call awaits the same end. */
  close(): Promise<void>;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  return host === 'localhost' || loopback.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
}

function isPublicWithoutToken(host: string, tokens: readonly string[]): boolean {
  return !isLoopback(host) && tokens.length === 0;
}

function refusePublicWithoutToken(host: string, tokens: readonly string[], allowed: boolean): void {
  if (allowed || !isPublicWithoutToken(host, tokens)) return;
  const message = `Binding ${host} lets others reach this server: set a token (BGE_RERANKER_TOKEN or a token file; where a mesh decides who connects, --allow-public-without-token) or bind 127.0.0.1`;
  throw new RerankError('INVALID_OPTION', message, { path: 'host' });
}

async function tokensFrom(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new RerankError('INVALID_OPTION', `The token file ${file} cannot be read`, { path: 'tokenFile', cause });
  }
  // A comment begins a line or follows white space: `#` inside a token is a wrong token, not a shorter one.
  const tokens = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#.*/, '').trim());
  const found = tokens.filter((token) => token !== '');
  if (found.length > 0) return found;
  throw new RerankError('INVALID_OPTION', `The token file ${file} holds no token`, { path: 'tokenFile' });
}

async function start(
  reranker: Reranker,
  options: ServeOptions,
  host: string,
  tokens: string[],
): Promise<RunningServer> {
  let ready = true;
  // A web page that the user of this machine has open must not reach a server that is for this machine only.
  const allowedHosts = options.allowedHosts ?? (isLoopback(host) ? [] : undefined);
  const checked = checkHandlerOptions({ ...options, tokens, allowedHosts });
  const handler = createServedHandler(reranker, checked, () => ready, true);
  const server = createNodeServer((incoming, outgoing) => handler.listener(incoming, outgoing), {
    ...options,
    bodyTimeoutMs: checked.bodyTimeoutMs,
  });
  const { port } = await listen(server, host, options.port ?? 8787);
  if (isPublicWithoutToken(host, tokens)) {
    options.logger?.warn({ host }, 'serving everyone who can reach this address, without a token');
  }
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  options.logger?.info({ url, model: reranker.info.model, provider: reranker.info.provider.got }, 'listening');
  let closing: Promise<void> | undefined;
  const close = async () => {
    ready = false;
    options.logger?.info('draining');
    await drain(server);
    await reranker.close();
    options.logger?.info('closed');
  };
  return { url, port, reranker, close: () => (closing ??= close()) };
}

/** @internal `serve` with a Reranker that `load` makes, once the other options are checked. */
export async function serveWith(
  load: () => Promise<Reranker>,
  options: Omit<ServeOptions, 'model' | 'reranker'>,
): Promise<RunningServer> {
  const { host = '127.0.0.1' } = options;
  const fromEnvironment = process.env['BGE_RERANKER_TOKEN'];
  const tokens = [
    ...(options.tokens ?? []),
    ...(fromEnvironment ? [fromEnvironment] : []),
    ...(await tokensFrom(options.tokenFile)),
  ];
  refusePublicWithoutToken(host, tokens, options.allowPublicWithoutToken === true);
  checkHandlerOptions({ ...options, tokens });
  const reranker = await load();
  try {
    return await start(reranker, options, host, tokens);
  } catch (error) {
    await reranker.close();
    throw error;
  }
}

/**
 * Loads a model and serves it: what `bge-reranker serve` runs. Tokens: `tokens`, the token file, and the environment
 * variable BGE_RERANKER_TOKEN. The caller closes it, on SIGTERM for example.
 * @throws {RerankError} What `Reranker.load` throws, INVALID_OPTION; or Node's error when the port cannot be bound.
 */
export async function serve(options: ServeOptions = {}): Promise<RunningServer> {
  const { model = DEFAULT_MODEL, reranker, ...others } = options;
  return await serveWith(() => Reranker.load(model, reranker), others);
}

/** Closes the server on SIGTERM and SIGINT, then lets the process end with code 0; a second signal ends it at once. */
export function closeOnSignals(server: RunningServer, logger?: Logger): void {
  const stop = (signal: NodeJS.Signals) => {
    logger?.info({ signal }, 'stopping');
    process.once(signal, () => process.exit(1));
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger?.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
