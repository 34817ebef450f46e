// A literal path: a bundler puts the file of this package into the bundle, and never reads the application's.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would have to lie below src/
const manifest = require('../../package.json') as { version: string };

/** Of bge-reranker. */
export const PACKAGE_VERSION = manifest.version;
