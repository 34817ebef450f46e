import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type Dtype, type RerankOptions } from '../../src';
import { inWrapper, lastOf, withInput, withOutputs } from '../support/edit-graph';
import { ending, gather, reshape, scaled, slice, softmax, squeeze, toFloat, toHalf } from '../support/graph-endings';
import { temporaryModel } from '../support/models';
import { node, sumModel, tensor, type Ending, type SumModel } from '../support/onnx-model';
import { referenceLogits } from '../support/reference-logits';
import { temporaryFolder } from '../support/temporary-folder';
import { tinyBertConfig, type TinyBert } from '../support/tiny-bert';
import { tinyBertGraph } from '../support/tiny-bert-graph';

const QUERY = 'a query';
const TEXTS = ['first passage', 'the second passage is longer', 'third'];
const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

async function scoresOf(reranker: Reranker, options?: RerankOptions): Promise<number[]> {
  const { response } = await reranker.rerank({ query: QUERY, contexts: TEXTS.map((text) => ({ text })) }, options);
  return response.sort((a, b) => a.id - b.id).map(({ score }) => score);
}

/** Of a graph as it stands in its file, by onnxruntime-node; of two values a row their difference. */
const given = (reranker: Reranker, path: string): number[] =>
  referenceLogits(
    path,
    TEXTS.map((text) => reranker.encode(QUERY, text)),
  );

async function withGraph<T>(graph: Uint8Array, use: (reranker: Reranker, path: string) => Promise<T> | T): Promise<T> {
  const { folder, remove } = temporaryModel({ 'model.onnx': graph });
  try {
    await using reranker = await Reranker.load(folder, { threads: 1 });
    return await use(reranker, join(folder, 'model.onnx'));
  } finally {
    remove();
  }
}

const ONE: SumModel = { inputs: { input_ids: 'int64' }, output: 'column', divisor: 10_000 };
const TWO: SumModel = { ...ONE, output: 'pair' };

describe('an activation at the end is left out', () => {
  // The last column: the score by what is given; undefined where that tells it not.
  it.each<[string, SumModel, Ending, ((given: number) => number) | undefined]>([
    ['Sigmoid', ONE, ending(['batch', 1], 'Sigmoid'), (it) => it],
    ['Sigmoid, then Squeeze', ONE, ending(['batch'], 'Sigmoid', squeeze), (it) => it],
    ['Squeeze, then Sigmoid', ONE, ending(['batch'], squeeze, 'Sigmoid'), (it) => it],
    ['Sigmoid, its only label, Reshape', ONE, ending(['batch'], 'Sigmoid', gather('first'), reshape), (it) => it],
    ['Sigmoid, Identity, Flatten', ONE, ending(['batch', 1], 'Sigmoid', 'Identity', 'Flatten'), (it) => it],
    ['Sigmoid with an unnamed dimension', ONE, ending(['batch', 'labels'], 'Sigmoid'), (it) => it],
    ['Softmax of two', TWO, ending(['batch', 2], softmax(1)), (it) => (1 + it) / 2],
    ['Softmax of two, the second', TWO, ending(['batch'], softmax(-1), gather('second')), (it) => it],
    ['Softmax of two, the second in a column', TWO, ending(['batch', 1], softmax(1), gather('one')), (it) => it],
    ['Softmax of two, a slice', TWO, ending(['batch', 1], softmax(1), slice('one', 'two')), (it) => it],
    ['LogSoftmax of two', TWO, ending(['batch', 2], softmax(-1, 'LogSoftmax')), sigmoid],
    ['Sigmoid of two', TWO, ending(['batch', 2], 'Sigmoid'), undefined],
  ])('%s', async (_, model, end, scoreOf) => {
    const truth = await withGraph(sumModel(model), given);
    await withGraph(sumModel({ ...model, ending: end }), async (reranker, path) => {
      expect(await scoresOf(reranker, { rawScores: true })).toEqual(truth);
      const scores = await scoresOf(reranker);
      expect(scores).toEqual(truth.map(sigmoid));
      expect(reranker.info.engine.reason).toMatch(/; its (Sigmoid|Softmax|LogSoftmax) at the end is left out$/);
      const asGiven = given(reranker, path);
      scores.forEach((score, i) => expect(score).toBeCloseTo(scoreOf?.(asGiven[i]!) ?? score, 5));
    });
  });

  it('of half precision, cast back or not', async () => {
    const truth = await withGraph(sumModel({ ...ONE, precision: 'rounded' }), given);
    const end = ending(['batch', 1], toHalf, 'Sigmoid', toFloat);
    await withGraph(sumModel({ ...ONE, ending: end }), async (reranker) => {
      expect(await scoresOf(reranker, { rawScores: true })).toEqual(truth);
    });
  });

  it('also where it makes 1 of every score: the logits still tell', async () => {
    const steep = { ...ONE, divisor: 100, ending: ending(['batch', 1], 'Sigmoid') };
    await withGraph(sumModel(steep), async (reranker, path) => {
      expect(given(reranker, path)).toEqual([1, 1, 1]);
      const sums = TEXTS.map((text) => reranker.encode(QUERY, text).ids.reduce((a, b) => a + b));
      expect(await scoresOf(reranker, { rawScores: true })).toEqual(sums.map((sum) => Math.fround(sum / 100)));
    });
  });
});

describe('what keeps logits as they are is looked through', () => {
  it.each<[string, Ending]>([
    ['Identity', ending(['batch', 1], 'Identity')],
    ['Squeeze', ending(['batch'], squeeze)],
    ['Cast, Identity', ending(['batch', 1], toFloat, 'Identity')],
    ['the only label', ending(['batch'], gather('first'))],
  ])('%s', async (_, end) => {
    await withGraph(sumModel({ ...ONE, ending: end }), async (reranker, path) => {
      expect(await scoresOf(reranker, { rawScores: true })).toEqual(given(reranker, path));
      expect(reranker.info.engine.reason).not.toMatch(/left out/);
    });
  });
});

describe('of several outputs', () => {
  const feature = tensor('feature', 'float', ['batch', 1]);
  const logits = tensor('logits', 'float', ['batch', 1]);
  const sum = (end: Ending) => sumModel({ ...ONE, ending: end });

  it.each<[string, Uint8Array]>([
    ['logits', withOutputs(sum(ending(['batch', 1], 'Sigmoid')), [feature, logits])],
    ['scores', withOutputs(sum(ending(['batch', 1], 'Identity')), [feature])],
    ['scores, without their sigmoid', withOutputs(sum(ending(['batch', 1], 'Sigmoid')), [feature])],
  ])('%s are taken', async (_, graph) => {
    const truth = await withGraph(sumModel(ONE), given);
    await withGraph(graph, async (reranker) => {
      expect(await scoresOf(reranker, { rawScores: true })).toEqual(truth);
    });
  });

  it('none is taken that nothing tells apart', async () => {
    const graph = withOutputs(sumModel({ ...ONE, outputName: 'a' }), [feature]);
    await expect(withGraph(graph, () => undefined)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/no output 'logits' or 'scores' but 'feature', 'a'/) as string,
    });
  });
});

const SIZES = { vocabulary: 212 };
const ENGINES: Dtype[] = ['auto', 'fp32', 'bf16', 'int8'];

function bertFolder(graph: Uint8Array, sizes: TinyBert = {}): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'config.json'), tinyBertConfig({ ...SIZES, ...sizes }));
  copyFileSync(join(__dirname, '../native/fixtures/tokenizer/wordpiece.json'), join(folder, 'tokenizer.json'));
  writeFileSync(join(folder, 'model.onnx'), graph);
  return folder;
}

async function expectRefused(folder: string, code: string, message: RegExp): Promise<void> {
  for (const dtype of ENGINES) {
    await expect(Reranker.load(folder, { dtype, threads: 1 })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      path: expect.stringMatching(/model\.onnx$/) as string,
    });
  }
}

describe('an end that is not understood is refused, by name and under every dtype', () => {
  it.each<[string, 1 | 2, Ending, RegExp]>([
    ['Neg', 1, ending(['batch', 1], 'Neg'), /'scores' comes from Neg 'scores', which is neither a classifier/],
    ['Sub', 1, ending(['batch', 1], scaled('Sub', 'shift')), /comes from Sub/],
    ['Add of a constant', 1, ending(['batch', 1], scaled('Add', 'shift')), /comes from Add/],
    ['Mul by a constant', 1, ending(['batch', 1], scaled('Mul', 'scale')), /comes from Mul/],
    ['Div by a constant', 1, ending(['batch', 1], scaled('Div', 'scale')), /comes from Div/],
    ['Tanh', 1, ending(['batch', 1], 'Tanh'), /comes from Tanh/],
    ['Mul, then Sigmoid', 1, ending(['batch', 1], scaled('Mul', 'scale'), 'Sigmoid'), /comes from Mul/],
    ['Sigmoid, then Mul', 1, ending(['batch', 1], 'Sigmoid', scaled('Mul', 'scale')), /comes from Mul/],
    ['Sigmoid twice', 1, ending(['batch', 1], 'Sigmoid', 'Sigmoid'), /Sigmoid 'scores' of Sigmoid 'step_0'/],
    ['Softmax of one label', 1, ending(['batch', 1], softmax(1)), /Softmax 'scores' over 1 labels/],
    ['Softmax over the batch', 2, ending(['batch', 2], softmax(0)), /over axis 0, not over the labels/],
    ['LogSoftmax over the batch', 2, ending(['batch', 2], softmax(0, 'LogSoftmax')), /over axis 0/],
    ['the first share', 2, ending(['batch'], softmax(1), gather('first')), /does not pick the second/],
    ['the second logit', 2, ending(['batch'], gather('second')), /picks a part of the logits/],
    ['the second sigmoid', 2, ending(['batch'], 'Sigmoid', gather('second')), /picks a part/],
    ['one row of many', 1, ending([1, 1], 'Sigmoid', gather('zero', 0)), /picks a part/],
    ['the greater label', 2, ending(['batch'], ['ArgMax', []], toFloat), /comes from ArgMax/],
  ])('%s', async (_, labels, end, message) => {
    const folder = bertFolder(tinyBertGraph({ ...SIZES, labels }, end), { labels });
    await expectRefused(folder, 'MODEL_UNSUPPORTED', message);
    const sum = sumModel({ ...(labels === 1 ? ONE : TWO), ending: end });
    await expect(withGraph(sum, () => undefined)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });

  it.each([
    ['a hidden state', 'LayerNormalization'],
    ['a pooled one', 'Tanh'],
  ])('%s', async (_, operator) => {
    const inner = lastOf(tinyBertGraph(SIZES), operator);
    const end = { nodes: [node('Identity', [inner], 'scores')], shape: ['batch', 'width'] };
    const message = new RegExp(`'scores' comes from ${operator}`);
    await expectRefused(bertFolder(tinyBertGraph(SIZES, end)), 'MODEL_UNSUPPORTED', message);
  });

  it('a layer of 64 values, whose number the output does not tell', async () => {
    const inner = lastOf(tinyBertGraph(SIZES), 'Tanh', 'input');
    const end = { nodes: [node('Identity', [inner], 'scores')], shape: ['batch', 'width'] };
    await expectRefused(bertFolder(tinyBertGraph(SIZES, end)), 'MODEL_INVALID', /'scores' has 64 labels/);
  });
});

it.each(['pixel_values', 'position_ids', 'past_key_values'])(
  'an input %s is refused under every dtype',
  async (name) => {
    const message = new RegExp(`wants '${name}', which a pair does not give`);
    await expectRefused(bertFolder(withInput(tinyBertGraph(SIZES), name)), 'MODEL_UNSUPPORTED', message);
  },
);

describe('the same folder scores the same under every dtype', () => {
  it.each<[string, 1 | 2, Ending, boolean]>([
    ['Sigmoid at its end', 1, ending(['batch', 1], 'Sigmoid'), false],
    ['the softmax share of its second label', 2, ending(['batch'], softmax(1), gather('second')), false],
    ['names under model. and an output scores', 1, ending(['batch', 1], 'Identity'), true],
    ['such names and Sigmoid', 1, ending(['batch', 1], 'Sigmoid'), true],
  ])('%s', async (_, labels, end, wrapped) => {
    const sizes = { ...SIZES, labels };
    const reference = join(temporaryFolder(), 'reference.onnx');
    writeFileSync(reference, tinyBertGraph(sizes));
    const graph = tinyBertGraph(sizes, end);
    const folder = bertFolder(wrapped ? inWrapper(graph) : graph, { labels });
    for (const [dtype, engine, bound] of [
      ['fp32', 'builtin', 1e-5],
      ['bf16', 'builtin', 0.05],
      ['int8', 'builtin', 0.1],
    ] as const) {
      await using reranker = await Reranker.load(folder, { dtype, threads: 1 });
      expect(reranker.info.engine).toMatchObject({ name: engine });
      const truth = given(reranker, reference);
      const logits = await scoresOf(reranker, { rawScores: true });
      expect(Math.max(...logits.map((logit, i) => Math.abs(logit - truth[i]!)))).toBeLessThanOrEqual(bound);
    }
  });
});
