import pino, { type Logger } from 'pino';

/** What is known of a request once it is answered. */
export interface RequestRecord {
  method: string;
  path: string;
  dialect: string;
  status: number;
  milliseconds: number;
  /** What kept it from success; its cause only for failures that are not the client's. */
  error?: { kind: string; message: string; cause?: unknown };
  /** Only with `logBodies`. */
  body?: unknown;
}

/** One structured line a request: failures of the server as errors, everything else as info. */
export function logRequest(logger: Logger, { error, ...record }: RequestRecord): void {
  if (error === undefined) logger.info(record, 'request');
  else if (error.kind === 'failed')
    logger.error({ ...record, error: error.message, err: error.cause }, 'request failed');
  else logger.info({ ...record, error: error.kind }, 'request refused');
}

/** What turns the text around it on a terminal, or ends a line for some readers. JSON lets it stand as it is. */
const INVISIBLE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function escaped(line: string): string {
  return line.replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A logger of JSON lines on standard output, times in ISO form; what could deceive who reads them is escaped. */
export function createLogger(
  level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' = 'info',
): Logger {
  const hooks = { streamWrite: escaped };
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime, hooks });
}
