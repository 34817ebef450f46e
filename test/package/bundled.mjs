// The packed package in an application that is bundled into one file, and in one whose files are traced.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { getTestModel } from '../../scripts/models/get-test-model.mjs';
import { installed } from './support/install.mjs';
import { inProject, packed, project } from './support/project.mjs';

const tool = createRequire(path.join(installed('tools'), 'index.js'));
const MODEL = await getTestModel();

const APPLICATION = `
  import { Reranker } from 'bge-reranker';
  const contexts = [{ text: 'Paint the wall in a light blue.' }, { text: 'Air scatters blue light more than red light.' }];
  async function main() {
    const reranker = await Reranker.load(process.argv[2]);
    const { response } = await reranker.rerank({ query: 'Why is the sky blue?', contexts });
    await reranker.close();
    console.log(JSON.stringify(response.map(({ id }) => id)));
  }
  main().catch((error) => console.log(error.code + ': ' + error.message));`;

/** What a bundle in the format of ES modules needs for the CommonJS in it: esbuild's documentation names the line. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function esbuild(outfile, options) {
  const settings = { bundle: true, platform: 'node', logLevel: 'silent', ...options };
  const { warnings } = await tool('esbuild').build({
    entryPoints: [path.join(project, 'app.mjs')],
    outfile,
    ...settings,
  });
  assert.deepEqual(warnings, []);
}

/** webpack, whose warnings are failures here too. */
function webpack(outfile, options) {
  const output = { path: path.dirname(outfile), filename: path.basename(outfile) };
  const settings = { mode: 'production', target: 'node', context: project, entry: './app.mjs', output, ...options };
  return new Promise((resolve, reject) =>
    tool('webpack')(settings, (error, stats) => {
      if (error || stats.compilation.errors.length + stats.compilation.warnings.length > 0) {
        reject(error ?? new Error(stats.toString({ all: false, errors: true, warnings: true })));
      } else resolve();
    }),
  );
}

const BUNDLES = {
  'esbuild, CommonJS': (file) => esbuild(file, { format: 'cjs' }),
  'esbuild, CommonJS, external': (file) => esbuild(file, { format: 'cjs', external: ['bge-reranker'] }),
  'esbuild, ES module': (file) => esbuild(file, { format: 'esm', banner: { js: REQUIRE } }),
  'esbuild, ES module, external': (file) => esbuild(file, { format: 'esm', external: ['bge-reranker'] }),
  webpack: (file) => webpack(file),
  'webpack, external': (file) => webpack(file, { externals: { 'bge-reranker': 'commonjs bge-reranker' } }),
};
const fileOf = (name) =>
  path.join('out', `${name.replaceAll(/\W+/g, '-')}.${name.includes('ES module') ? 'mjs' : 'cjs'}`);

/** A folder away from the project, with a package.json of an application. */
function elsewhere() {
  const folder = mkdtempSync(path.join(packed.scratch, 'elsewhere-'));
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "application", "version": "2.3.4" }');
  return folder;
}

describe('bundled into one file', () => {
  before(() => {
    mkdirSync(path.join(project, 'out'));
    writeFileSync(path.join(project, 'app.mjs'), APPLICATION);
  });

  for (const [name, bundle] of Object.entries(BUNDLES)) {
    test(`${name}: runs beside node_modules`, async () => {
      await bundle(path.join(project, fileOf(name)));
      const { stdout } = await inProject([process.execPath, fileOf(name), MODEL]);
      assert.equal(stdout, '[1,0]\n');
    });
  }

  for (const name of ['esbuild, CommonJS', 'esbuild, ES module', 'webpack']) {
    test(`${name}: away from node_modules the error says to keep the package external`, async () => {
      const folder = elsewhere();
      const file = path.basename(fileOf(name));
      cpSync(path.join(project, fileOf(name)), path.join(folder, file));
      const { stdout } = await inProject([process.execPath, file, MODEL], {}, folder);
      assert.match(stdout, /^ADDON_NOT_FOUND: .* is not found from .*; keep bge-reranker out of the bundle \(esbuild /);
      assert.doesNotMatch(stdout, /2\.3\.4/);
    });
  }
});

describe('traced by @vercel/nft', () => {
  test('what is traced is all that it needs, and runs elsewhere', async (t) => {
    const { nodeFileTrace } = await import(tool.resolve('@vercel/nft'));
    const { fileList } = await nodeFileTrace([path.join(project, 'app.mjs')], { base: project });
    const folder = elsewhere();
    for (const file of fileList) cpSync(path.join(project, file), path.join(folder, file));
    t.diagnostic(`${fileList.size} files`);
    const { stdout } = await inProject([process.execPath, 'app.mjs', MODEL], {}, folder);
    assert.equal(stdout, '[1,0]\n');
  });
});
