// What the package test installs: the packed package, this platform's addon and ONNX Runtime, and their dependencies as
// they lie in node_modules, each packed again.
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUNTIME_TARGETS } from '../../../scripts/pack/onnxruntime.mjs';
import {
  npmPack,
  packMain,
  packPlatform,
  packRuntime,
  platformManifest,
  runtimeManifest,
} from '../../../scripts/pack/packages.mjs';
import { hostTarget, prebuild } from '../../../scripts/prebuild/prebuild.mjs';
import { TARGETS } from '../../../scripts/prebuild/targets.mjs';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Folders of all that a user gets besides our own packages. */
function dependencyFolders() {
  const { packages } = json(path.join(ROOT, 'package-lock.json'));
  return Object.entries(packages)
    .filter(([place, entry]) => place !== '' && !entry.dev && !entry.devOptional)
    .map(([place]) => path.join(ROOT, place))
    .filter((folder) => existsSync(folder));
}

/** { main, addon, runtime, known }: npm's description of our tarballs, and all that the registry is to know. */
export async function packEverything() {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'bge-package-'));
  const target = hostTarget();
  const main = packMain();
  const addon = packPlatform(target, await prebuild(target));
  const runtime = RUNTIME_TARGETS.includes(target) ? await packRuntime(target) : undefined;

  const folders = dependencyFolders();
  const destination = path.join(scratch, 'tarballs');
  mkdirSync(destination);
  const dependencies = npmPack(folders, destination);
  const known = [
    { manifest: json(path.join(path.dirname(main.path), 'bge-reranker', 'package.json')), tarball: main.path },
    ...TARGETS.map((each) => ({
      manifest: platformManifest(each),
      tarball: each.name === target.name ? addon.path : undefined,
    })),
    ...RUNTIME_TARGETS.map((each) => ({
      manifest: runtimeManifest(each),
      tarball: each.name === target.name ? runtime.path : undefined,
    })),
    ...folders.map((folder, at) => ({
      manifest: json(path.join(folder, 'package.json')),
      tarball: dependencies[at].path,
    })),
  ];
  return { target, main, addon, runtime, known, scratch };
}
