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

/** A logger of JSON lines on standard output, times in ISO form. */
export function createLogger(
  level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent' = 'info',
): Logger {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
}
