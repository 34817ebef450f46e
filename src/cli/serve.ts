import { InvalidArgumentError, Option, type Command } from 'commander';
import type { DialectName } from '../server';
import { usageError } from './usage-error';
import { loadReranker } from './fetch-model';
import { positiveInteger, withModelOptions, type ModelOptions } from './model-options';

interface ServeCommandOptions extends ModelOptions {
  host: string;
  port: number;
  tokenFile?: string;
  allowPublicWithoutToken?: boolean;
  dialects?: DialectName[];
  requestTimeout?: number;
  maxBody?: number;
  maxContexts?: number;
  maxBodiesInFlight?: number;
  allowHost?: string[];
  cors?: string[];
  keepAliveTimeout?: number;
  headersTimeout?: number;
  logLevel: 'error' | 'warn' | 'info' | 'debug' | 'silent';
}

function portNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be an integer from 0 to 65535.');
}

/** What Node says when a port cannot be bound, as a sentence that says what to do. */
function bindError(error: unknown, { host, port }: ServeCommandOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const remedy: Partial<Record<string, string>> = {
    EADDRINUSE: 'it is in use: choose another --port, or 0 for any free one',
    EACCES: 'this user may not bind it: choose a --port above 1023',
    EADDRNOTAVAIL: 'this machine has no such address: choose another --host',
    ENOTFOUND: 'there is no such address: choose another --host',
  };
  const advice = remedy[code ?? ''];
  return advice ? usageError(`${host}:${port} cannot be bound, ${advice}`, error) : error;
}

async function serveModel(options: ServeCommandOptions): Promise<void> {
  // The HTTP server's libraries are loaded by this command alone.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { serveWith, closeOnSignals } = require('../server/serve') as typeof import('../server/serve');
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { createLogger } = require('../server/request-log') as typeof import('../server/request-log');
  const logger = createLogger(options.logLevel);
  const { host, port, tokenFile, allowPublicWithoutToken, dialects } = options;
  try {
    const server = await serveWith(() => loadReranker(options), {
      host,
      port,
      tokenFile,
      allowPublicWithoutToken,
      dialects,
      requestTimeoutMs: options.requestTimeout,
      maxBodyBytes: options.maxBody,
      maxContexts: options.maxContexts,
      maxBodyBytesInFlight: options.maxBodiesInFlight,
      allowedHosts: options.allowHost,
      cors: options.cors,
      keepAliveTimeoutMs: options.keepAliveTimeout,
      headersTimeoutMs: options.headersTimeout,
      logger,
    });
    closeOnSignals(server, logger);
  } catch (error) {
    throw bindError(error, options);
  }
}

export function addServe(program: Command): void {
  withModelOptions(program.command('serve'))
    .description('Serve the model over HTTP: the Workers AI, TEI, Cohere, Jina and other rerank APIs on one port')
    .option('--host <address>', 'address to bind; one that others can reach needs a token', '127.0.0.1')
    .option('-p, --port <port>', '0 takes any free one', portNumber, 8787)
    .option('--token-file <file>', 'one token a line that clients may send as bearer (also BGE_RERANKER_TOKEN)')
    .option(
      '--allow-public-without-token',
      'serve everyone who can reach the address: only where a mesh or network policy decides who can',
    )
    .option('--dialects <names...>', 'which APIs to answer (default: all)')
    .option('--request-timeout <ms>', 'longest time for a request to be scored', positiveInteger)
    .option('--max-body <bytes>', 'longest request body', positiveInteger)
    .option('--max-contexts <n>', 'most passages of a request', positiveInteger)
    .option('--max-bodies-in-flight <bytes>', 'bytes of all request bodies together; beyond it 503', positiveInteger)
    .option(
      '--max-queue-seconds <s>',
      'longest estimated wait in the queue; beyond it 429 with Retry-After',
      positiveInteger,
      30,
    )
    .option('--max-queued-tokens <n>', 'tokens admitted and not yet scored; beyond it 429', positiveInteger)
    .option('--allow-host <names...>', 'names to answer to without a token, beside addresses and localhost')
    .option('--cors <origins...>', "origins whose pages may call, 'https://app.example' for example, or '*'")
    .option(
      '--keep-alive-timeout <ms>',
      'how long a connection may idle; longer than any proxy before it',
      positiveInteger,
    )
    .option('--headers-timeout <ms>', "longest time for a request's head to arrive", positiveInteger)
    .addOption(
      new Option('--log-level <level>', 'of the log, JSON lines on stdout')
        .choices(['error', 'warn', 'info', 'debug', 'silent'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
SIGTERM and SIGINT finish what was accepted, then end with code 0.

Example:
  $ bge-reranker serve --port 8787 &
  $ curl localhost:8787/rerank -H content-type:application/json -d '{"query":"why is the sky blue","texts":["Rayleigh scattering","The sea"]}'`,
    )
    .action(serveModel);
}
