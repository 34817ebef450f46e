// Builds prebuilt addons through prebuildify, for this machine or others, and checks them.
//   node scripts/prebuild/prebuild.mjs              this machine's, into prebuilds/
//   node scripts/prebuild/prebuild.mjs TARGET ...   each into build/prebuild/TARGET/prebuilds/
import detectLibc from 'detect-libc';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import prebuildify from 'prebuildify';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { binaryFaults } from './check-binary.mjs';
import { targetNamed } from './targets.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SHIM = fileURLToPath(new URL('node-gyp-shim.mjs', import.meta.url));

export function hostTarget() {
  const musl = detectLibc.familySync() === detectLibc.MUSL ? '-musl' : '';
  return targetNamed(`${process.platform}-${process.arch}${musl}`);
}

/** A working folder of its own, so that a build for another machine leaves build/Release alone. */
const workFolder = (target) => path.join(ROOT, 'build', 'prebuild', target.name);

const outputFolder = (target, out) => path.join(out, 'prebuilds', `${target.platform}-${target.arch}`);

/** Path of the one built addon of a target; throws when there is none, or more than one, or it breaks a promise. */
export function builtAddon(target, out = workFolder(target)) {
  const folder = outputFolder(target, out);
  const files = existsSync(folder) ? readdirSync(folder) : [];
  if (files.length !== 1) throw new Error(`${target.name}: expected one file, found ${files.join(', ') || 'none'}.`);
  const file = path.join(folder, files[0]);
  const faults = binaryFaults(file, target);
  if (faults.length) throw new Error(`${target.name}: the addon ${faults.join('; it ')}.`);
  return file;
}

/** Builds a target into `out`/prebuilds/<platform>-<arch>/, where node-gyp-build finds it; answers its path. */
export async function prebuild(target, out = workFolder(target)) {
  mkdirSync(workFolder(target), { recursive: true });
  rmSync(outputFolder(target, out), { recursive: true, force: true });
  process.env.BGE_PREBUILD_TARGET = target.name;
  await promisify(prebuildify)({
    napi: true,
    name: 'bge-reranker',
    cwd: workFolder(target),
    out,
    platform: target.platform,
    arch: target.arch,
    libc: target.libc,
    nodeGyp: SHIM,
  });
  const file = builtAddon(target, out);
  console.log(`${target.name}: ${path.relative(ROOT, file)}, ${(statSync(file).size / 1e6).toFixed(2)} MB`);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  try {
    execFileSync(process.execPath, [path.join(ROOT, 'deps', 'fetch.mjs')], { stdio: 'inherit' });
    if (names.length === 0) await prebuild(hostTarget(), ROOT);
    for (const target of names.map(targetNamed)) await prebuild(target);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
