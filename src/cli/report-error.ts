import pc from 'picocolors';
import { RerankError } from '../errors';

function* causes(error: unknown): Generator {
  let cause = (error as { cause?: unknown } | undefined)?.cause;
  for (let depth = 0; cause !== undefined && depth < 8; depth++) {
    yield cause;
    cause = (cause as { cause?: unknown }).cause;
  }
}

/** ` (CODE)`, or ` (CODE, path)` where the message does not name the place itself. */
function whatAndWhere(error: unknown): string {
  if (!(error instanceof RerankError)) return '';
  const { code, path, message } = error;
  return path && !message.includes(path) ? ` (${code}, ${path})` : ` (${code})`;
}

/** One sentence on stderr; with `verbose` the stack and every cause below it. */
export function reportError(error: unknown, verbose: boolean): void {
  const message = error instanceof Error ? error.message : String(error);
  const colors = pc.createColors(process.stderr.isTTY && pc.isColorSupported);
  process.stderr.write(`${colors.red('bge-reranker:')} ${message}${whatAndWhere(error)}\n`);
  if (!verbose) return;
  if (error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  for (const cause of causes(error)) {
    process.stderr.write(`caused by: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
  }
}
