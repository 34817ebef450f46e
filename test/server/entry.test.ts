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

const SERVER_PACKAGES = ['hono', '@hono/node-server', 'valibot', '@valibot/to-json-schema', 'prom-client', 'pino'];

it.each([
  ['bge-reranker', []],
  ['bge-reranker/workers-ai', ['hono', '@hono/node-server']],
  ['bge-reranker/server', SERVER_PACKAGES],
])('of the server’s packages, %s loads %j', (subpath, expected) => {
  const loaded = packagesOf(subpath);
  expect(SERVER_PACKAGES.filter((name) => loaded.includes(name))).toEqual(expected);
});
