import { createRequire } from 'node:module';

/** What the package with a platform's addon exports (scripts/pack/packages.mjs makes it). */
export interface AddonPackage {
  version: string;
  /** Absolute path of the addon. */
  addon: string;
}

/** What the package with a platform's ONNX Runtime exports. */
export interface RuntimePackage {
  /** Of ONNX Runtime. */
  version: string;
  /** Absolute path of the library. */
  library: string;
}

/**
 * What one of the platform packages exports, looked for from the file `from`. Throws what Node's require throws.
 *
 * Each name stands here in full, required by what `module.createRequire` made: the tracer of files, @vercel/nft (Next.js
 * standalone, serverless platforms), follows this form; bundlers leave it to be done when the program runs.
 */
export function requirePackage(name: string, from: string): unknown {
  const module = { createRequire: createRequire as (from: string) => (name: string) => unknown };
  const here = module.createRequire(from);
  const packages: Record<string, () => unknown> = {
    'bge-reranker-linux-x64': () => here('bge-reranker-linux-x64'),
    'bge-reranker-linux-x64-musl': () => here('bge-reranker-linux-x64-musl'),
    'bge-reranker-linux-arm64': () => here('bge-reranker-linux-arm64'),
    'bge-reranker-linux-arm64-musl': () => here('bge-reranker-linux-arm64-musl'),
    'bge-reranker-darwin-x64': () => here('bge-reranker-darwin-x64'),
    'bge-reranker-darwin-arm64': () => here('bge-reranker-darwin-arm64'),
    'bge-reranker-win32-x64': () => here('bge-reranker-win32-x64'),
    'bge-reranker-onnxruntime-linux-x64': () => here('bge-reranker-onnxruntime-linux-x64'),
    'bge-reranker-onnxruntime-linux-arm64': () => here('bge-reranker-onnxruntime-linux-arm64'),
    'bge-reranker-onnxruntime-darwin-arm64': () => here('bge-reranker-onnxruntime-darwin-arm64'),
    'bge-reranker-onnxruntime-win32-x64': () => here('bge-reranker-onnxruntime-win32-x64'),
  };
  return packages[name]?.();
}
