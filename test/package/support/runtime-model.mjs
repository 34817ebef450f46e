// The test model as a folder that ONNX Runtime runs: without config.json our own kernels do not know what it is.
import { mkdtempSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { getTestModel } from '../../../scripts/models/get-test-model.mjs';
import { packed } from './project.mjs';

export async function runtimeModel() {
  const model = await getTestModel();
  const folder = mkdtempSync(path.join(packed.scratch, 'runtime-model-'));
  for (const name of ['model.onnx', 'tokenizer.json']) symlinkSync(path.join(model, name), path.join(folder, name));
  return folder;
}
