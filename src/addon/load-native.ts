import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import nodeGypBuild from 'node-gyp-build';
import { dlopenFailure } from './dlopen-failure';
import { RerankError } from '../errors';
import { PACKAGE_ROOT, SEARCH_FROM } from './home';
import { NATIVE_API_VERSION, type NativeAddon } from './native-api';
import { platformPackage, type Obstacle } from './platform-package';

let loaded: NativeAddon | undefined;

/** In a clone the addon is what was built there. */
const isClone = (root: string | undefined): boolean => root !== undefined && existsSync(join(root, 'CMakeLists.txt'));

function refusal(root: string | undefined, path: string, obstacle: Obstacle): RerankError {
  const { reason, remedy, alsoInClone, cause } = obstacle;
  const what = isClone(root) && !alsoInClone ? 'run `npm run build` in the package folder' : remedy;
  return new RerankError('ADDON_NOT_FOUND', `The native addon cannot be used: ${reason}; ${what}`, { path, cause });
}

/** The addon that is built in the package's folder; undefined where there is none for this platform. */
function builtIn(root: string): string | undefined {
  try {
    return nodeGypBuild.resolve(root);
  } catch {
    return undefined;
  }
}

/** A build in the package's own folder (a clone has one), else what the platform's package carries. */
function findAddon(root: string | undefined): string {
  const own = root === undefined ? undefined : builtIn(root);
  if (own !== undefined) return own;
  const found = platformPackage(root);
  if ('reason' in found) {
    if (root === undefined) throw refusal(root, SEARCH_FROM, found);
    throw refusal(root, root, { ...found, reason: `nothing is built in its folder, and ${found.reason}` });
  }
  if (existsSync(found.addon)) return found.addon;
  const remedy = 'delete node_modules and install again on this machine';
  throw refusal(root, found.addon, { reason: 'its package holds no file for this platform', remedy });
}

/** Absolute path of the addon. */
export const nativeAddonFile = (): string => findAddon(PACKAGE_ROOT);

/**
 * The addon. Found once for a process; a failure is not remembered. `root` is for tests.
 */
export function loadNative(root = PACKAGE_ROOT): NativeAddon {
  if (loaded) return loaded;
  const file = findAddon(root);
  let addon: Partial<NativeAddon>;
  try {
    // The file is known at run time only, which bundlers do not follow in a plain require.
    addon = createRequire(file)(file) as Partial<NativeAddon>;
  } catch (error) {
    throw refusal(root, file, dlopenFailure(error));
  }
  if (addon.apiVersion !== NATIVE_API_VERSION) {
    const has = addon.apiVersion ?? 'none';
    const reason = `its interface version is ${has}, this package needs ${NATIVE_API_VERSION}`;
    throw refusal(root, file, { reason, remedy: 'delete node_modules and install again' });
  }
  return (loaded = addon as NativeAddon);
}
