// The npm packages: bge-reranker itself, without a binary; one for each target with nothing but the addon in it; and one
// for each target that ONNX Runtime's library exists for, with nothing but that. Their package.json files are made here
// from the repository's and are never committed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TARGETS } from '../prebuild/targets.mjs';
import { RUNTIME_TARGETS, RUNTIME_VERSION, runtimeFiles } from './onnxruntime.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PACKAGES = path.join(ROOT, 'build', 'packages');
const source = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const LEGAL = ['LICENSE', 'THIRD_PARTY_NOTICES.md'];

/** Of use in a clone only. */
const UNPUBLISHED = ['scripts', 'devDependencies', 'allowScripts', 'binary'];

/** package.json as published, with every target's packages in exactly one version. */
export function mainManifest() {
  const published = Object.entries(source).filter(([key]) => !UNPUBLISHED.includes(key));
  const optionalDependencies = Object.fromEntries([
    ...TARGETS.map((target) => [target.package, source.version]),
    ...RUNTIME_TARGETS.map((target) => [target.runtimePackage, RUNTIME_VERSION]),
  ]);
  return { ...Object.fromEntries(published), optionalDependencies };
}

/** What the packages of a target have in common. */
function manifestFor(target, { name, version, description, files }) {
  const { license, engines, repository, homepage, bugs, author } = source;
  return {
    name,
    version,
    description,
    license,
    author,
    repository,
    homepage,
    bugs,
    os: [target.platform],
    cpu: [target.arch],
    libc: target.libc && [target.libc],
    engines,
    main: 'index.js',
    files: ['index.js', ...files],
    // A binary cannot be loaded out of an archive.
    preferUnplugged: true,
  };
}

export const platformManifest = (target) =>
  manifestFor(target, {
    name: target.package,
    version: source.version,
    description: `The native addon of bge-reranker for ${target.name}`,
    files: ['prebuilds', ...LEGAL],
  });

export const runtimeManifest = (target) =>
  manifestFor(target, {
    name: target.runtimePackage,
    version: RUNTIME_VERSION,
    description: `ONNX Runtime's library for bge-reranker on ${target.name}`,
    files: ['lib', 'LICENSE', 'ThirdPartyNotices.txt'],
  });

const README = ({ name, description }) =>
  `# ${name}\n\n${description}. npm installs it with bge-reranker; it is of no use alone.\n`;

/** index.js of a target's package: what src/addon/installed-packages.ts reads. Tracers follow a path of this form. */
const index = ({ version }, what, place) => `'use strict';
const { join } = require('node:path');

exports.version = '${version}';
exports.${what} = join(__dirname, ${place.map((part) => `'${part}'`).join(', ')});
`;

/** [file in the package, file to copy] of each name. */
const inRepository = (names) => names.map((name) => [name, path.join(ROOT, name)]);

/** A fresh folder with the manifest and copies of files. */
function staged(manifest, files) {
  const folder = path.join(PACKAGES, manifest.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, from] of files) cpSync(from, path.join(folder, name), { recursive: true });
  return folder;
}

/** Packs folders into `destination`; answers npm's description of each tarball (filename, size, files, integrity). */
export function npmPack(folders, destination = PACKAGES) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination, ...folders];
  const options = { encoding: 'utf8', maxBuffer: 1e8, shell: process.platform === 'win32' };
  const packed = JSON.parse(execFileSync('npm', args, options));
  return packed.map((each) => ({ ...each, path: path.join(destination, each.filename) }));
}

/** dist/ is made anew: what an older build left there is not published. */
export function packMain() {
  rmSync(path.join(ROOT, 'dist'), { recursive: true, force: true });
  const options = { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' };
  execFileSync('npm', ['run', '--silent', 'build:ts'], options);
  return npmPack([staged(mainManifest(), inRepository(source.files))])[0];
}

/** A package with one binary: `from` becomes the file `place` (its path in parts), exported under the name `what`. */
function packBinary(manifest, files, { what, from, place }) {
  const folder = staged(manifest, files);
  writeFileSync(path.join(folder, 'README.md'), README(manifest));
  writeFileSync(path.join(folder, 'index.js'), index(manifest, what, place));
  cpSync(from, path.join(folder, ...place), { recursive: true });
  return npmPack([folder])[0];
}

/** `addon` is the built file. */
export function packPlatform(target, addon) {
  const place = ['prebuilds', `${target.platform}-${target.arch}`, 'bge-reranker.node'];
  return packBinary(platformManifest(target), inRepository(LEGAL), { what: 'addon', from: addon, place });
}

/** ONNX Runtime's library for one of RUNTIME_TARGETS. */
export async function packRuntime(target) {
  const { library, name, legal } = await runtimeFiles(target);
  return packBinary(runtimeManifest(target), legal, { what: 'library', from: library, place: ['lib', name] });
}
