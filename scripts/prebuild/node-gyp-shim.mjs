#!/usr/bin/env node
// Stands where prebuildify expects node-gyp. prebuildify's flags are node-gyp's (`--target` is a Node version, which
// a Node-API addon does not need; cmake-js takes it for a CMake target), so none is passed on: the environment variable
// BGE_PREBUILD_TARGET says what to build. The output goes below the working folder, where prebuildify looks for it.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cmakeOptions } from './cmake-options.mjs';
import { targetNamed } from './targets.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = targetNamed(process.env.BGE_PREBUILD_TARGET);
const out = path.resolve('build');
const cmakeJs = path.join(
  path.dirname(createRequire(import.meta.url).resolve('cmake-js/package.json')),
  'bin/cmake-js',
);

const defines = Object.entries(cmakeOptions(target, out)).map(([name, value]) => `--CD${name}=${value}`);
const args = ['build', '--directory', root, '--out', out, '--arch', target.arch, ...defines];
const { status } = spawnSync(process.execPath, [cmakeJs, ...args], { stdio: 'inherit', cwd: root });
process.exitCode = status ?? 1;
