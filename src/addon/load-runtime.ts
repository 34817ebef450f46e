import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RerankError } from '../errors';
import type { ExecutionProvider } from '../types';

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

function carrierRoot(): string {
  try {
    return dirname(require.resolve(`${CARRIER}/package.json`));
  } catch (error) {
    throw notFound(
      `Install the package ${CARRIER}, or set ONNXRUNTIME_LIBRARY to an ONNX Runtime library`,
      CARRIER,
      error,
    );
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

function shippedRuntime(): string {
  const root = carrierRoot();
  const found = findInCarrier(root, process.platform, process.arch);
  if (found) return found;
  const target = `${process.platform}-${process.arch}`;
  throw notFound(`${CARRIER} has no library for ${target}; set ONNXRUNTIME_LIBRARY to an ONNX Runtime library`, root);
}

/**
 * Absolute path of the ONNX Runtime library: ONNXRUNTIME_LIBRARY, else the one that onnxruntime-node ships. For CUDA,
 * where that one has no CUDA provider beside it: that of the package onnxruntime-gpu in an active Python environment.
 */
export function findRuntime(provider: ExecutionProvider = 'cpu'): string {
  const asked = process.env['ONNXRUNTIME_LIBRARY'];
  if (asked) return askedFor(asked);
  const shipped = shippedRuntime();
  return provider === 'cuda' && !hasCuda(shipped) ? (inPythonEnvironment() ?? shipped) : shipped;
}
