// Installs packed packages into an empty folder and reranks with them: node scripts/pack/try-packed.mjs FOLDER TARGET
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { getTestModel } from '../models/get-test-model.mjs';
import { targetNamed } from '../prebuild/targets.mjs';
import { RUNTIME_TARGETS } from './onnxruntime.mjs';

const PROGRAM = `
  const { Reranker } = require('bge-reranker');
  (async () => {
    const reranker = await Reranker.load(process.argv[1]);
    const contexts = [{ text: 'Paint the wall in a light blue.' }, { text: 'Air scatters blue light more than red light.' }];
    const { response } = await reranker.rerank({ query: 'Why is the sky blue?', contexts });
    await reranker.close();
    if (response[0].id !== 1) throw new Error('wrong answer: ' + JSON.stringify(response));
    console.log(response);
  })();`;

const [folder, target] = process.argv.slice(2);
const wanted = new RegExp(`^bge-reranker-((onnxruntime-)?${target}-)?\\d`);
const tarballs = readdirSync(folder)
  .filter((name) => wanted.test(name))
  .map((name) => path.resolve(folder, name));
const expected = RUNTIME_TARGETS.includes(targetNamed(target)) ? 3 : 2;
if (tarballs.length !== expected) throw new Error(`${folder} does not hold the ${expected} packages for ${target}.`);
const project = mkdtempSync(path.join(os.tmpdir(), 'bge-try-'));
process.once('exit', () => rmSync(project, { recursive: true, force: true }));
writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
const install = ['install', '--no-audit', '--no-fund', ...tarballs];
execFileSync('npm', install, { cwd: project, stdio: 'inherit', shell: process.platform === 'win32' });
execFileSync(process.execPath, ['-e', PROGRAM, await getTestModel()], { cwd: project, stdio: 'inherit' });
