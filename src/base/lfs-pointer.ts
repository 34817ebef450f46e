import { open, type FileHandle } from 'node:fs/promises';

const START = 'version https://git-lfs.github.com/spec/';

/** Whether a clone without Git LFS left a pointer in the file's place. False for what cannot be read. */
export async function isLfsPointer(path: string): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START.length), 0, START.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === START;
  } catch {
    return false;
  } finally {
    await file?.close();
  }
}
