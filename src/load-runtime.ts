import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RerankError } from './errors';

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

/** Absolute path of the ONNX Runtime library: ONNXRUNTIME_LIBRARY, else the one that onnxruntime-node ships. */
export function findRuntime(): string {
  const asked = process.env['ONNXRUNTIME_LIBRARY'];
  if (asked) {
    const path = resolve(asked);
    if (existsSync(path)) return path;
    throw notFound(`ONNXRUNTIME_LIBRARY names a file that does not exist: ${path}; correct it or unset it`, path);
  }
  const root = carrierRoot();
  const found = findInCarrier(root, process.platform, process.arch);
  if (found) return found;
  const target = `${process.platform}-${process.arch}`;
  throw notFound(`${CARRIER} has no library for ${target}; set ONNXRUNTIME_LIBRARY to an ONNX Runtime library`, root);
}
