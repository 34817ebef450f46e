import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { cacheFolder } from '../../src/models/cache';

const ROOT = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const README = read('README.md');
const API = read('docs/api.md');
const MODEL = cacheFolder('cross-encoder/ms-marco-MiniLM-L-12-v2')!;
const PLACEHOLDER = "'/path/to/model-folder'";

/** Runs it as an ES module in a process of its own, which finds the package by its name. */
const run = (program: string) =>
  execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: __dirname, encoding: 'utf8' });

it('the README’s example runs as it stands and prints what the README shows', () => {
  const [, example] = /^```ts\n([\s\S]*?)^```$/m.exec(README)!;
  const [, shown] = /^```text\n([\s\S]*?)^```$/m.exec(README)!;
  expect(example).toContain("'BAAI/bge-reranker-base'");
  expect(run(example!.replace("'BAAI/bge-reranker-base'", JSON.stringify(MODEL)))).toBe(shown);
});

it('docs/api.md’s example runs as it stands and picks the passage that answers', () => {
  const [, example] = /^```ts\n([\s\S]*?)^```$/m.exec(API)!;
  expect(example).toContain(PLACEHOLDER);
  expect(run(example!.replace(PLACEHOLDER, JSON.stringify(MODEL)))).toMatch(/^\[ \{ id: 1, score: 0\.\d+ \} \]\n$/);
});

it('the README is a front door: under 150 lines, none over 120 columns', () => {
  const lines = README.split('\n');
  expect(lines.length).toBeLessThan(150);
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});

describe('after installation every link leads somewhere', () => {
  const { files } = JSON.parse(read('package.json')) as { files: string[] };
  const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const packed = [...files.filter((name) => name.endsWith('.md')), ...docs.map((name) => `docs/${name}`)];
  const isPacked = (path: string) => files.some((entry) => path === entry || path.startsWith(`${entry}/`));
  /** As GitHub and npm name a heading. */
  const anchors = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );

  it.each(packed)('%s', (file) => {
    const text = read(file);
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, anchor] = target!.split('#') as [string, string?];
      const found = path === '' ? file : normalize(join(dirname(file), path));
      expect({ target, packed: isPacked(found) }).toEqual({ target, packed: true });
      expect(statSync(join(ROOT, found)).isFile()).toBe(true);
      if (anchor !== undefined) expect(anchors(read(found))).toContain(anchor);
    }
  });
});
