import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { RerankError } from '../errors';
import type { ExecutionProvider } from '../types';
import { KEEP_EXTERNAL, PACKAGE_ROOT, SEARCH_FROM } from './home';
import { requirePackage, type RuntimePackage } from './installed-packages';
import { nativeAddonFile } from './load-native';
import { currentTarget } from './platform-package';
import targets from './runtime-targets.json';

const CARRIER = 'onnxruntime-node';
const LIBRARY_NAME: Partial<Record<NodeJS.Platform, RegExp>> = {
  linux: /^libonnxruntime\.so(\.\d+)*$/,
  darwin: /^libonnxruntime(\.\d+)*\.dylib$/,
  win32: /^onnxruntime\.dll$/,
};

function notFound(message: string, path?: string, cause?: unknown): RerankError {
  return new RerankError('RUNTIME_NOT_FOUND', message, { path, cause });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

const CUDA_PROVIDER: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'libonnxruntime_providers_cuda.so',
  win32: 'onnxruntime_providers_cuda.dll',
};

/** The library among the files of the onnxruntime-node package: bin/napi-v<n>/<platform>/<arch>/. */
export function findInCarrier(root: string, platform: NodeJS.Platform, arch: string): string | undefined {
  const name = LIBRARY_NAME[platform];
  for (const abi of list(join(root, 'bin')).reverse()) {
    const folder = join(root, 'bin', abi, platform, arch);
    const file = list(folder).find((entry) => name?.test(entry));
    if (abi.startsWith('napi-v') && file) return join(folder, file);
  }
  return undefined;
}

/** The library of our own package for this platform, if that is installed. */
function inPlatformPackage(): string | undefined {
  try {
    const found = requirePackage(runtimePackageName(), SEARCH_FROM) as RuntimePackage | undefined;
    return found?.library;
  } catch {
    return undefined;
  }
}

const runtimePackageName = (): string => `bge-reranker-onnxruntime-${currentTarget()}`;

/** The library of an onnxruntime-node that the application has. */
function inCarrier(): string | undefined {
  try {
    const manifest = createRequire(SEARCH_FROM).resolve(`${CARRIER}/package.json`);
    return findInCarrier(dirname(manifest), process.platform, process.arch);
  } catch {
    return undefined;
  }
}

function libraryIn(folder: string): string | undefined {
  const file = list(folder).find((entry) => LIBRARY_NAME[process.platform]?.test(entry));
  return file && join(folder, file);
}

/** What ONNXRUNTIME_LIBRARY names: a library, or a folder that holds one. */
function askedFor(asked: string): string {
  const path = resolve(asked);
  const found = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? libraryIn(path) : path;
  if (found !== undefined && existsSync(found)) return found;
  const what = found === undefined ? 'a folder without an ONNX Runtime library' : 'a file that does not exist';
  throw notFound(`ONNXRUNTIME_LIBRARY names ${what}: ${path}; correct it or unset it`, path);
}

const hasCuda = (library: string): boolean =>
  existsSync(join(dirname(library), CUDA_PROVIDER[process.platform] ?? 'none'));

/** The library of the package onnxruntime-gpu in the Python environment that is active, if any. */
function inPythonEnvironment(): string | undefined {
  const environment = process.env['VIRTUAL_ENV'] || process.env['CONDA_PREFIX'];
  if (!environment) return undefined;
  const versions = list(join(environment, 'lib')).filter((name) => name.startsWith('python'));
  const roots = [...versions.map((name) => join(environment, 'lib', name)), join(environment, 'Lib')];
  const libraries = roots.map((root) => libraryIn(join(root, 'site-packages', 'onnxruntime', 'capi')));
  return libraries.find((library) => library !== undefined && hasCuda(library));
}

function refuse(): never {
  // Where the addon is missing as well, that is what to say.
  nativeAddonFile();
  const target = currentTarget();
  const reason = `There is no ONNX Runtime for ${target}, which this model needs`;
  if (!targets.includes(target)) {
    throw notFound(`${reason}; set ONNXRUNTIME_LIBRARY to a library built for it`, SEARCH_FROM);
  }
  const name = runtimePackageName();
  if (PACKAGE_ROOT === undefined) throw notFound(`${reason}: ${name} is not found; ${KEEP_EXTERNAL}`, SEARCH_FROM);
  const remedy = `install the optional dependency ${name} (\`npm install --include=optional\`) or ${CARRIER}`;
  throw notFound(`${reason}; ${remedy}, or set ONNXRUNTIME_LIBRARY to a library`, PACKAGE_ROOT);
}

/**
 * Absolute path of the ONNX Runtime library: ONNXRUNTIME_LIBRARY, else the one of our package for this platform, else
 * that of an onnxruntime-node. For CUDA the first of these that has a CUDA provider beside it, else that of the package
 * onnxruntime-gpu in an active Python environment.
 */
export function findRuntime(provider: ExecutionProvider = 'cpu'): string {
  const asked = process.env['ONNXRUNTIME_LIBRARY'];
  if (asked) return askedFor(asked);
  const own = inPlatformPackage();
  if (provider !== 'cuda') return own ?? inCarrier() ?? refuse();
  const known = [own, inCarrier(), inPythonEnvironment()].filter((library) => library !== undefined);
  return known.find(hasCuda) ?? known[0] ?? refuse();
}
