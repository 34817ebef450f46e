import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** This file; a bundle in the format of ES modules has no name for it. */
const FILE = typeof __filename === 'string' ? __filename : undefined;

const inPackage = (file: string): boolean =>
  /[\\/](dist|src)[\\/]addon[\\/]home\.[jt]s$/.test(file) && existsSync(file);

/**
 * The package's own folder. Undefined in a bundle: what lies around this code is the application's then, and none of it
 * is read as the package's.
 */
export const PACKAGE_ROOT = FILE !== undefined && inPackage(FILE) ? join(dirname(FILE), '..', '..') : undefined;

/** The file from which other packages are looked for, as Node does it: in the folders node_modules above. */
export const SEARCH_FROM = FILE ?? join(process.cwd(), 'index.js');

/** What to do where something is missing because the package has been bundled. */
export const KEEP_EXTERNAL =
  'keep bge-reranker out of the bundle (esbuild --external:bge-reranker, webpack externals, Vite ssr.external, ' +
  'Next.js serverExternalPackages; docs/bundling.md) and install it where the bundle runs';
