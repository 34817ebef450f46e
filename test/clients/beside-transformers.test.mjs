import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HERE, MODEL, run, TEXTS } from './support.mjs';

describe('in one process with transformers.js', () => {
  let root;
  let folder;
  let ours;
  before(() => {
    root = mkdtempSync(path.join(tmpdir(), 'bge-reranker-clients-'));
    folder = path.join(root, 'minilm');
    mkdirSync(path.join(folder, 'onnx'), { recursive: true });
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
      symlinkSync(path.join(MODEL, name), path.join(folder, name));
    symlinkSync(path.join(MODEL, 'model.onnx'), path.join(folder, 'onnx', 'model_quantized.onnx'));
    // Without its config.json the same graph runs on ONNX Runtime here too, beside theirs.
    ours = path.join(root, 'ours');
    mkdirSync(ours);
    for (const name of ['model.onnx', 'tokenizer.json']) symlinkSync(path.join(MODEL, name), path.join(ours, name));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const order of ['ours-first', 'theirs-first'])
    it(`${order}: neither changes the other's scores, and the process ends by itself`, async () => {
      const { code, stdout, stderr } = await run(process.execPath, [
        path.join(HERE, 'beside-transformers.mjs'),
        order,
        folder,
        ours,
      ]);
      assert.equal(code, 0, stderr);
      const { engine, logits, alone, theirFirst, theirAgain } = JSON.parse(stdout);
      assert.equal(engine, 'onnxruntime');
      assert.equal(logits.length, TEXTS.length);
      assert.deepEqual(alone, logits);
      assert.deepEqual(theirAgain, theirFirst);
      // The same graph in the same runtime; tokens are equal, since no pair here is cut.
      logits.forEach((logit, i) => assert.ok(Math.abs(logit - theirFirst[i]) < 1e-4, `${logits} ${theirFirst}`));
    });
});
