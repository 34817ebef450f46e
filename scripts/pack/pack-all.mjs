// Builds and packs everything that is published, into build/packages/. A target that cannot be built, is missing or
// breaks a promise (scripts/prebuild/check-binary.mjs) fails the whole.
//   node scripts/pack/pack-all.mjs [--no-build] [--target TARGET ...]
// --no-build: takes what lies in build/prebuild/; --target: this one instead of all (host: this machine's)
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { builtAddon, hostTarget, prebuild } from '../prebuild/prebuild.mjs';
import { TARGETS, targetNamed } from '../prebuild/targets.mjs';
import { RUNTIME_TARGETS } from './onnxruntime.mjs';
import { PACKAGES, packMain, packPlatform, packRuntime } from './packages.mjs';

const FETCH = fileURLToPath(new URL('../../deps/fetch.mjs', import.meta.url));
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

async function packAll(targets, build) {
  rmSync(PACKAGES, { recursive: true, force: true });
  if (build) execFileSync(process.execPath, [FETCH], { stdio: 'inherit' });
  const addons = [];
  for (const target of targets) addons.push(build ? await prebuild(target) : builtAddon(target));
  const packed = [packMain(), ...targets.map((target, at) => packPlatform(target, addons[at]))];
  const withRuntime = targets.filter((target) => RUNTIME_TARGETS.includes(target));
  for (const target of withRuntime) packed.push(await packRuntime(target));
  for (const { filename, size, unpackedSize } of packed) {
    console.log(`${filename}: ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}`);
  }
  const tarballs = readdirSync(PACKAGES).filter((name) => name.endsWith('.tgz'));
  if (tarballs.length !== packed.length)
    throw new Error(`Expected ${packed.length} tarballs, got ${tarballs.join(', ')}.`);
}

const { values } = parseArgs({
  options: { 'no-build': { type: 'boolean', default: false }, target: { type: 'string', multiple: true } },
});
try {
  const chosen = values.target?.map((name) => (name === 'host' ? hostTarget() : targetNamed(name)));
  await packAll(chosen ?? TARGETS, !values['no-build']);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
