// The npm packages: bge-reranker itself, without a binary, and one for each target with nothing but the addon in it.
// Their package.json files are made here from the repository's and are never committed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TARGETS } from '../prebuild/targets.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PACKAGES = path.join(ROOT, 'build', 'packages');
const source = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const LEGAL = ['LICENSE', 'THIRD_PARTY_NOTICES.md'];

/** Of use in a clone only. */
const UNPUBLISHED = ['scripts', 'devDependencies', 'binary'];

/** package.json as published, with every target's package in this very version. */
export function mainManifest() {
  const published = Object.entries(source).filter(([key]) => !UNPUBLISHED.includes(key));
  const optionalDependencies = Object.fromEntries(TARGETS.map((target) => [target.package, source.version]));
  return { ...Object.fromEntries(published), optionalDependencies };
}

export function platformManifest(target) {
  const { version, license, engines, repository, homepage, bugs, author } = source;
  return {
    name: target.package,
    version,
    description: `The native addon of bge-reranker for ${target.name}`,
    license,
    author,
    repository,
    homepage,
    bugs,
    os: [target.platform],
    cpu: [target.arch],
    libc: target.libc && [target.libc],
    engines,
    files: ['prebuilds', ...LEGAL],
    // A binary cannot be loaded out of an archive.
    preferUnplugged: true,
  };
}

const README = (target) =>
  `# ${target.package}\n\nThe native addon of bge-reranker for ${target.name}. npm installs it with bge-reranker; it is of no use alone.\n`;

/** A fresh folder with the manifest and the named files of the repository. */
function staged(manifest, files) {
  const folder = path.join(PACKAGES, manifest.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of files) cpSync(path.join(ROOT, file), path.join(folder, file), { recursive: true });
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
  return npmPack([staged(mainManifest(), source.files)])[0];
}

/** `addon` is the built file. */
export function packPlatform(target, addon) {
  const folder = staged(platformManifest(target), LEGAL);
  writeFileSync(path.join(folder, 'README.md'), README(target));
  const place = path.join(folder, 'prebuilds', `${target.platform}-${target.arch}`);
  mkdirSync(place, { recursive: true });
  cpSync(addon, path.join(place, 'bge-reranker.node'));
  return npmPack([folder])[0];
}
