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
 * What a platform package exports, looked for from the file `from`. Throws what Node's require throws. Bundlers do not
 * follow a require that was made like this: it is left to be done when the program runs.
 */
export const requirePackage = (name: string, from: string): unknown => createRequire(from)(name) as unknown;

declare const __webpack_require__: unknown;

/**
 * The names in full, for what traces files: @vercel/nft, Next.js (both its bundlers), serverless platforms. Never called.
 * webpack leaves out what the condition excludes; other bundlers say nothing about what is missing inside `try`.
 */
export function traced(): void {
  if (typeof __webpack_require__ === 'undefined') {
    try {
      /* eslint-disable @typescript-eslint/no-require-imports -- the form that all of them know */
      require('bge-reranker-linux-x64');
      require('bge-reranker-linux-x64-musl');
      require('bge-reranker-linux-arm64');
      require('bge-reranker-linux-arm64-musl');
      require('bge-reranker-darwin-x64');
      require('bge-reranker-darwin-arm64');
      require('bge-reranker-win32-x64');
      require('bge-reranker-onnxruntime-linux-x64');
      require('bge-reranker-onnxruntime-linux-arm64');
      require('bge-reranker-onnxruntime-darwin-arm64');
      require('bge-reranker-onnxruntime-win32-x64');
      /* eslint-enable */
    } catch {
      // Most are for other platforms.
    }
  }
}
