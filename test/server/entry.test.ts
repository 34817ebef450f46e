import { execFileSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.join(__dirname, '..', '..');

/** The packages that a subpath of this one loads, in a process of its own. */
function packagesOf(subpath: string): string[] {
  const program = `
    require(${JSON.stringify(subpath)});
    const names = Object.keys(require.cache).map((file) => /node_modules.((?:@[^/\\\\]+.)?[^/\\\\]+)/.exec(file)?.[1]);
    console.log(JSON.stringify([...new Set(names)].filter(Boolean)));`;
  return JSON.parse(execFileSync(process.execPath, ['-e', program], { cwd: ROOT, encoding: 'utf8' })) as string[];
}

it('the main entry loads none of the server’s packages', () => {
  expect(packagesOf('bge-reranker')).toEqual([]);
});

it('the server loads its packages, and the binding only what it needs of them', () => {
  expect(packagesOf('bge-reranker/server')).toEqual(expect.arrayContaining(['hono', 'valibot', 'prom-client', 'pino']));
  expect(packagesOf('bge-reranker/workers-ai')).toEqual(['@hono/node-server']);
});
