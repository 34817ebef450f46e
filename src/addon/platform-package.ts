import { familySync, MUSL } from 'detect-libc';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_VERSION } from '../base/package-version';
import { KEEP_EXTERNAL, SEARCH_FROM } from './home';
import { requirePackage, type AddonPackage } from './installed-packages';
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

const versionOf = (root: string): string =>
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;

/** The addon of the package for `target` that is installed beside the package in `root`, or near a bundle (no `root`). */
export function platformPackage(root: string | undefined, target = currentTarget()): { addon: string } | Obstacle {
  if (!targets.includes(target)) {
    return {
      reason: `there is no prebuilt one for ${target}, only for ${targets.join(', ')}`,
      remedy: 'build it with `npm run build` in a clone of the repository',
    };
  }
  const name = `bge-reranker-${target}`;
  let found: AddonPackage;
  try {
    found = requirePackage(name, root === undefined ? SEARCH_FROM : join(root, 'package.json')) as AddonPackage;
  } catch (cause) {
    if (root === undefined) return { reason: `${name} is not found from ${SEARCH_FROM}`, remedy: KEEP_EXTERNAL, cause };
    const remedy = 'install again on this machine with `npm install --include=optional`';
    return { reason: `the optional dependency ${name} is not installed`, remedy, cause };
  }
  const wanted = root === undefined ? PACKAGE_VERSION : versionOf(root);
  if (wanted !== found.version) {
    const remedy = `install both in one version with \`npm install bge-reranker@${wanted}\``;
    return { reason: `bge-reranker is ${wanted} but ${name} is ${found.version}`, remedy };
  }
  return { addon: found.addon };
}
