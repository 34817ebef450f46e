// A model of two layers with random weights that runs on our own kernels: for what has to work without ONNX Runtime.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { getTestModel } from '../../../scripts/models/get-test-model.mjs';
import { ROOT } from './packed.mjs';

/** Writes it into the folder `into`; answers that. */
export async function tinyModel(into) {
  mkdirSync(into);
  const source = readFileSync(path.join(ROOT, 'test', 'support', 'tiny-bert.ts'), 'utf8');
  const compiled = path.join(into, 'tiny-bert.cjs');
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  writeFileSync(compiled, outputText);
  const { tinyBert, tinyBertConfig } = createRequire(compiled)(compiled);
  writeFileSync(path.join(into, 'model.safetensors'), tinyBert());
  writeFileSync(path.join(into, 'config.json'), tinyBertConfig());
  copyFileSync(path.join(await getTestModel(), 'tokenizer.json'), path.join(into, 'tokenizer.json'));
  return into;
}
