import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker } from '../../src';
import pairs from '../fixtures/pairs.json';
import { folderWith } from '../models/model-folder';
import { quantizedGraph, type Form, type Recipe } from '../support/quantized-graph';
import { referenceLogits } from '../support/reference-logits';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBertConfig, type TinyBert } from '../support/tiny-bert';
import { tinyBertGraph } from '../support/tiny-bert-graph';

const QUERY = 'how do rerankers order passages?';
const texts = (pairs as [string, string][]).map(([, text]) => text).filter((text) => text !== '');
const TOKENIZER = readFileSync(join(__dirname, '..', 'native', 'fixtures', 'tokenizer', 'wordpiece.json'));
const SIZES: TinyBert = { vocabulary: 212 };
/** Activations are rounded, weights are not; a zero point that is off by 20 moves the logits by 0.27. */
const BOUND = 0.05;

async function scored(folder: string) {
  const reranker = await Reranker.load(folder, { threads: 1 });
  const contexts = texts.map((text) => ({ text }));
  const { response } = await reranker.rerank({ query: QUERY, contexts }, { rawScores: true });
  const encoded = texts.map((text) => reranker.encode(QUERY, text));
  const { engine, dtype } = reranker.info;
  await reranker.close();
  return { engine, dtype, encoded, logits: [...response].sort((a, b) => a.id - b.id).map(({ score }) => score) };
}

const folderOf = (graph: Uint8Array) =>
  folderWith({
    'config.json': tinyBertConfig(SIZES),
    'tokenizer.json': TOKENIZER,
    'model.onnx': Buffer.from(graph),
  });

const largestDifference = (left: number[], right: number[]): number =>
  Math.max(...left.map((logit, i) => Math.abs(logit - right[i]!)));

const WEIGHTS: [string, Omit<Recipe, 'form'>][] = [
  ['QUInt8', { weights: 'uint8', perChannel: false, symmetric: false }],
  ['QUInt8 per channel', { weights: 'uint8', perChannel: true, symmetric: false }],
  ['QInt8', { weights: 'int8', perChannel: false, symmetric: true }],
  ['QInt8 per channel', { weights: 'int8', perChannel: true, symmetric: true }],
  ['asymmetric QInt8 per channel', { weights: 'int8', perChannel: true, symmetric: false }],
];
const TAKEN: Form[] = [
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'DynamicQuantizeMatMul',
  'DequantizeLinear',
  'DequantizeLinear of all',
  'QuantizeLinear of weights',
];

describe.each(WEIGHTS)('%s', (_, weights) => {
  const float = tinyBertGraph(SIZES);
  it.each(TAKEN)('%s runs on our own kernels, near the float32 model that its integers stand for', async (form) => {
    const { engine, dtype, logits, encoded } = await scored(folderOf(quantizedGraph(float, { form, ...weights })));
    expect({ dtype, ...engine }).toMatchObject({ dtype: 'int8', name: 'builtin' });
    expect(engine.reason).toBe('int8 on our own kernels, made from the int8 weights of model.onnx');
    const truth = join(temporaryFolder(), 'float.onnx');
    writeFileSync(truth, quantizedGraph(float, { form: 'float', ...weights }));
    expect(largestDifference(logits, referenceLogits(truth, encoded))).toBeLessThanOrEqual(BOUND);
  });
});

it.each<Form>(['QLinearMatMul', 'MatMulNBits'])('%s runs on ONNX Runtime, and the reason names it', async (form) => {
  const recipe: Recipe = { form, weights: 'uint8', perChannel: false, symmetric: false };
  const folder = folderOf(quantizedGraph(tinyBertGraph(SIZES), recipe));
  const { engine, logits, encoded } = await scored(folder);
  expect(engine.name).toBe('onnxruntime');
  expect(engine.reason).toMatch(
    new RegExp(`^model\\.onnx runs on ONNX Runtime, .*our own kernels do not know how ${form} holds its weights`, 'i'),
  );
  expect(largestDifference(logits, referenceLogits(join(folder, 'model.onnx'), encoded))).toBeLessThanOrEqual(1e-5);
});
