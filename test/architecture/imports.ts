import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

export const root = path.join(__dirname, '../..');

/** From one place to another: folders, and the files that lie loose in src/, as paths from the root. */
export interface Edge {
  from: string;
  to: string;
  /** The file that holds the import, as a path from the root. */
  file: string;
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));
}

function placeOf(file: string): string {
  const folder = path.posix.dirname(file);
  return folder === 'src' ? file.replace(/\.ts$/, '') : folder;
}

function edgesOf(file: string, targets: readonly string[]): Edge[] {
  const from = placeOf(file);
  return targets.map((target) => ({ from, to: placeOf(target), file })).filter(({ to }) => to !== from);
}

function sourceOf(file: string, specifier: string): string | undefined {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  return [target, `${target}.ts`, `${target}/index.ts`].find(
    (name) => /\.\w+$/.test(name) && existsSync(path.join(root, name)),
  );
}

/** Every relative import of src/, types and dynamic ones included. */
export function typescriptEdges(): Edge[] {
  return filesBelow('src', /\.ts$/).flatMap((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(path.join(root, file), 'utf8'));
    const relative = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'));
    return edgesOf(
      file,
      relative.map((name) => {
        const source = sourceOf(file, name);
        if (source === undefined) throw new Error(`${file} imports ${name}, which is not there`);
        return source;
      }),
    );
  });
}

/** The headers that a C++ file includes, as they are written. */
export function includesOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map(([, header]) => header!);
}

export function nativeFiles(): string[] {
  return filesBelow('native', /\.(cpp|h)$/);
}

/** Every include of native/ by another folder of native/. */
export function nativeEdges(): Edge[] {
  return nativeFiles().flatMap((file) => {
    const own = includesOf(file).map((header) => `native/${header}`);
    return edgesOf(
      file,
      own.filter((header) => existsSync(path.join(root, header))),
    );
  });
}
