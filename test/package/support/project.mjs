// A project of a user: the packed packages, installed without scripts from a registry that knows nothing else, on a
// PATH without a compiler.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { packEverything } from './packed.mjs';
import { startRegistry } from './registry.mjs';

export const run = promisify(execFile);
export const TEST = fileURLToPath(new URL('..', import.meta.url));

/** Set by setUp(). `packed`: what packEverything() answers; `project`: the folder; `environment`: what is run in it. */
export let packed;
export let project;
export let environment;
let registry;

/** A PATH with node, npm and a shell, and nothing of this user's settings. */
function bareEnvironment(scratch) {
  const tools = path.join(scratch, 'bin');
  mkdirSync(tools);
  for (const [name, file] of [
    ['node', process.execPath],
    ['npm', execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()],
    ['sh', '/bin/sh'],
    ['env', '/usr/bin/env'],
  ]) {
    symlinkSync(file, path.join(tools, name));
  }
  return { PATH: tools, HOME: scratch };
}

export async function setUp() {
  packed = await packEverything();
  registry = await startRegistry(packed.known);
  project = mkdtempSync(path.join(packed.scratch, 'project-'));
  environment = bareEnvironment(packed.scratch);
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  const settings = ['--ignore-scripts', '--no-audit', '--no-fund', '--registry', registry.url];
  await run('npm', ['install', ...settings, 'bge-reranker'], { cwd: project, env: environment });
}

export async function tearDown() {
  await registry?.close();
  if (packed) rmSync(packed.scratch, { recursive: true, force: true });
}

/** Runs [program, ...arguments] in the project. */
export const inProject = ([command, ...args], settings = {}) =>
  run(command, args, { cwd: project, env: { ...environment, ...settings } });

/** Copies a folder of this test, or a file of it, into the project; answers its path there. */
export function put(name) {
  const place = path.join(project, path.basename(name));
  cpSync(path.join(TEST, name), place, { recursive: true });
  return place;
}
