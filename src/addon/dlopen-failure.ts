import type { Obstacle } from './platform-package';

interface Symptom extends Pick<Obstacle, 'reason' | 'remedy' | 'alsoInClone'> {
  /** In the message of Node or of the system's dynamic loader. */
  pattern: RegExp;
}

/** Messages of glibc, musl, macOS and Windows. `$1` is the pattern's first group. */
const SYMPTOMS: Symptom[] = [
  {
    pattern: /version [`']GLIBC_([\d.]+)' not found/,
    reason: 'it needs glibc $1 and this system has an older one',
    remedy: 'use a newer distribution, or build it here with `npm run build` in a clone of the repository',
  },
  {
    pattern: /libc\.musl|ld-musl|Error relocating|ld-linux-|libc\.so\.6: cannot open/,
    reason: 'it was built for another C library (glibc or musl) than that of this Node.js',
    remedy: 'delete node_modules and install again on this machine',
  },
  {
    pattern:
      /invalid ELF header|wrong ELF class|Exec format|file too short|not a mach-o|incompatible arch|not a valid Win32/i,
    reason: 'its file is damaged or for another kind of machine',
    remedy: 'delete node_modules and install again on this machine',
  },
  {
    pattern: /failed to map segment|permission denied/i,
    reason: 'the system lets no code run from its folder',
    remedy: 'install it on a file system that is readable and not mounted noexec',
    alsoInClone: true,
  },
];

/** The first line that says something: the dynamic loader and Node add their context below. */
const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split('\n')[0]!;

/** Why Node could not load the addon's file, by what its error says. */
export function dlopenFailure(error: unknown): Obstacle {
  if ((error as { code?: unknown } | null)?.code === 'ERR_DLOPEN_DISABLED') {
    return {
      reason: 'this Node.js was told to load no native addons',
      remedy: 'start it without --no-addons or, where it has --permission, with --allow-addons',
      alsoInClone: true,
      cause: error,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  for (const { pattern, reason, ...rest } of SYMPTOMS) {
    const match = pattern.exec(message);
    if (match) return { ...rest, reason: reason.replace('$1', match[1] ?? ''), cause: error };
  }
  return { reason: firstLine(error), remedy: 'delete node_modules and install again', cause: error };
}
