// A project of a user: the packed packages, installed from a registry that knows nothing else, on a PATH without a
// compiler. Install scripts may run: there are none.
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

/** A new folder in which npm has installed what is named. */
export async function install(...what) {
  const folder = mkdtempSync(path.join(packed.scratch, 'project-'));
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
  const settings = ['--no-audit', '--no-fund', '--registry', registry.url];
  await run('npm', ['install', ...settings, ...what], { cwd: folder, env: environment });
  return folder;
}

export async function setUp() {
  packed = await packEverything();
  registry = await startRegistry(packed.known);
  environment = bareEnvironment(packed.scratch);
  project = await install('bge-reranker');
}

export async function tearDown() {
  await registry?.close();
  if (packed) rmSync(packed.scratch, { recursive: true, force: true });
}

/** Runs [program, ...arguments] in the project or another folder. */
export const inProject = ([command, ...args], settings = {}, folder = project) =>
  run(command, args, { cwd: folder, env: { ...environment, ...settings } });

/** Copies a folder of this test, or a file of it, into the project; answers its path there. */
export function put(name) {
  const place = path.join(project, path.basename(name));
  cpSync(path.join(TEST, name), place, { recursive: true });
  return place;
}
