import nodeGypBuild from 'node-gyp-build';
import { join } from 'node:path';
import { RerankError } from './errors';
import { NATIVE_API_VERSION, type NativeAddon } from './native-api';

/** Holds for dist/ and, under jest, for src/. */
const PACKAGE_ROOT = join(__dirname, '..');
const REMEDY = 'run `npm run build` in the package folder';

let loaded: NativeAddon | undefined;

/** The first line that says something: node-gyp-build and the dynamic loader add their context below. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n')[0]!;
}

function notFound(reason: string, path: string, cause?: unknown): RerankError {
  return new RerankError('ADDON_NOT_FOUND', `The native addon cannot be used: ${reason}; ${REMEDY}`, { path, cause });
}

function attempt<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw notFound(reasonOf(error), path, error);
  }
}

/**
 * The addon: a local build in build/Release, else the prebuilt one for this platform. Found once for a process; a
 * failure is not remembered. `root` is for tests.
 */
export function loadNative(root = PACKAGE_ROOT): NativeAddon {
  if (loaded) return loaded;
  const file = attempt(root, () => nodeGypBuild.resolve(root));
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- the file is known at run time only
  const addon = attempt(file, () => require(file) as Partial<NativeAddon>);
  if (addon.apiVersion !== NATIVE_API_VERSION) {
    const has = addon.apiVersion ?? 'none';
    throw notFound(`its interface version is ${has}, this package needs ${NATIVE_API_VERSION}`, file);
  }
  return (loaded = addon as NativeAddon);
}
