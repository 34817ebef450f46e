import { RerankError } from '../errors';

/** MODEL_NOT_FOUND about a path: what is missing or cannot be read, and what to do. */
export function notFound(message: string, path: string, cause?: unknown): RerankError {
  return new RerankError('MODEL_NOT_FOUND', message, { path, cause });
}

export function unreadable(path: string, cause: unknown): RerankError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return notFound(`${path} cannot be read (${reason}); check the file and its permissions`, path, cause);
}
