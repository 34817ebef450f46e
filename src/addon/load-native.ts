import { existsSync } from 'node:fs';
import { join } from 'node:path';
import nodeGypBuild from 'node-gyp-build';
import { dlopenFailure } from './dlopen-failure';
import { RerankError } from '../errors';
import { NATIVE_API_VERSION, type NativeAddon } from './native-api';
import { platformPackage, type Obstacle } from './platform-package';

/** Holds for dist/addon/ and, under jest, for src/addon/. */
const PACKAGE_ROOT = join(__dirname, '..', '..');

let loaded: NativeAddon | undefined;

/** In a clone the addon is what was built there. */
const isClone = (root: string): boolean => existsSync(join(root, 'CMakeLists.txt'));

function refusal(root: string, path: string, { reason, remedy, alsoInClone, cause }: Obstacle): RerankError {
  const what = isClone(root) && !alsoInClone ? 'run `npm run build` in the package folder' : remedy;
  return new RerankError('ADDON_NOT_FOUND', `The native addon cannot be used: ${reason}; ${what}`, { path, cause });
}

/** The addon's file below a folder; undefined where there is none for this platform. */
function addonIn(folder: string): string | undefined {
  try {
    return nodeGypBuild.resolve(folder);
  } catch {
    return undefined;
  }
}

/** A build in the package's own folder (a clone has one), else what the platform's package carries. */
function findAddon(root: string): string {
  const own = addonIn(root);
  if (own !== undefined) return own;
  const found = platformPackage(root);
  if ('reason' in found) {
    throw refusal(root, root, { ...found, reason: `nothing is built in its folder, and ${found.reason}` });
  }
  const file = addonIn(found.folder);
  if (file !== undefined) return file;
  const remedy = 'delete node_modules and install again on this machine';
  throw refusal(root, found.folder, { reason: 'its package holds no file for this platform', remedy });
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
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the file is known at run time only
    addon = require(file) as Partial<NativeAddon>;
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
