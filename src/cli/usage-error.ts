import { RerankError } from '../errors';

/** The command line, or a file that it names, is not what the command takes. */
export function usageError(message: string, cause?: unknown): RerankError {
  return new RerankError('INVALID_OPTION', message, { cause });
}

/** A file that cannot be opened, read or written. */
export function fileError(action: 'read' | 'write', path: string, cause: unknown): RerankError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const remedy: Partial<Record<string, string>> = {
    ENOENT: 'check the path',
    EISDIR: 'name a file, not a folder',
    EACCES: 'check its permissions',
    ENOSPC: 'free space on its disk',
  };
  return usageError(
    `${path} cannot be ${action === 'read' ? 'read' : 'written'} (${code}); ${remedy[code] ?? 'check the path'}`,
    cause,
  );
}
