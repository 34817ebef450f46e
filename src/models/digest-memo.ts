import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SHA256 = /^[0-9a-f]{64}$/;

/** Digests of files that were read before, one small file each. A file is known by all that changes with its content. */
export class DigestMemo {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What stands for the file as it is now; undefined where it cannot be told. */
  async key(path: string): Promise<string | undefined> {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
      return createHash('sha256').update([path, dev, ino, size, mtimeNs, ctimeNs].join('\n')).digest('hex');
    } catch {
      return undefined;
    }
  }

  async recall(key: string): Promise<string | undefined> {
    try {
      const digest = await readFile(join(this.#folder, key), 'utf8');
      return SHA256.test(digest) ? digest : undefined;
    } catch {
      return undefined;
    }
  }

  /** A folder that cannot be written costs time at the next load and nothing else. */
  async keep(key: string, digest: string): Promise<void> {
    const whole = join(this.#folder, key);
    const part = `${whole}.${randomUUID()}`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(part, digest);
      await rename(part, whole);
    } catch {
      return;
    }
  }
}
