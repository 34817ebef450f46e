import { familySync, MUSL } from 'detect-libc';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import targets from './prebuilt-targets.json';

/** What stands in the way of the addon, and what the user is to do: two parts of one sentence. */
export interface Obstacle {
  reason: string;
  remedy: string;
  /** The remedy holds for a local build too, where otherwise building again is the thing to do. */
  alsoInClone?: boolean;
  cause?: unknown;
}

/**
 * This process's target as in prebuilt-targets.json, such as linux-x64-musl. The C library is that of the running
 * Node, not what a marker file of the distribution says.
 */
export function currentTarget(): string {
  const libc = process.platform === 'linux' && familySync() === MUSL ? '-musl' : '';
  return `${process.platform}-${process.arch}${libc}`;
}

const versionOf = (manifest: string): unknown =>
  (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }).version;

/** Folder of the package that carries the addon for `target`, installed beside the package in `root`. */
export function platformPackage(root: string, target = currentTarget()): { folder: string } | Obstacle {
  if (!targets.includes(target)) {
    return {
      reason: `there is no prebuilt one for ${target}, only for ${targets.join(', ')}`,
      remedy: 'build it with `npm run build` in a clone of the repository',
    };
  }
  const name = `bge-reranker-${target}`;
  const own = join(root, 'package.json');
  let manifest: string;
  try {
    manifest = createRequire(own).resolve(`${name}/package.json`);
  } catch (cause) {
    const remedy = 'install again on this machine with `npm install --include=optional`';
    return { reason: `the optional dependency ${name} is not installed`, remedy, cause };
  }
  const [wanted, got] = [versionOf(own), versionOf(manifest)];
  if (wanted !== got) {
    const remedy = `install both in one version with \`npm install bge-reranker@${String(wanted)}\``;
    return { reason: `bge-reranker is ${String(wanted)} but ${name} is ${String(got)}`, remedy };
  }
  return { folder: dirname(manifest) };
}
