import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { EncodedPair } from '../../src';

/** Logits by onnxruntime-node, one pair a run. */
export function referenceLogits(model: string, encoded: EncodedPair[]): number[] {
  const script = path.join(__dirname, 'reference-process.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    input: JSON.stringify({ model, pairs: encoded }),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as number[];
}
