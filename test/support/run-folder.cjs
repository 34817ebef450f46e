'use strict';
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** Jest's globalSetup: one temporary folder for all tests and the processes they start, gone when the run ends. */
module.exports = function makeRunFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'bge-reranker-tests-'));
  // What os.tmpdir() goes by on one system or another.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
};
