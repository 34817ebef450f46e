import { Reranker, type ModelInfo, type RerankInput, type RerankOptions } from '../../src';
import { checkLive, liveAccount } from '../../src/verify/live';
import { logitOf } from '../../src/verify/outcome';
import { checkReference } from '../../src/verify/reference';
import { serve, type RunningServer } from '../../src/server/serve';
import { fp32MinilmFolder } from '../support/fp32-model';
import { ending, gather, softmax } from '../support/graph-endings';
import { minilmFolder, minilmOnOnnxRuntime, temporaryModel } from '../support/models';
import { sumModel, type SumModel } from '../support/onnx-model';

// The built one: it starts a process of its own.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { checkParity } = require('../../dist/verify/parity') as typeof import('../../src/verify/parity');

const SUM: SumModel = { inputs: { input_ids: 'int64' }, output: 'column', divisor: 1e6 };

let reranker: Reranker;
beforeAll(async () => (reranker = await Reranker.load(minilmOnOnnxRuntime(), { threads: 1 })));
afterAll(() => reranker.close());

/** A Reranker whose logits are all off by this much. */
function shifted(by: number, from = reranker): Reranker {
  const other = Object.create(from) as Reranker;
  Object.assign(other, {
    encode: from.encode.bind(from),
    async rerank(input: RerankInput, options?: RerankOptions) {
      const { response } = await from.rerank(input, options);
      return { response: response.map(({ id, score }) => ({ id, score: score + by })) };
    },
  });
  return other;
}

describe('parity', () => {
  it('passes for the real model, fails for scores that are off', async () => {
    expect(await checkParity(reranker)).toMatchObject({ check: 'parity', status: 'pass' });
    const off = await checkParity(shifted(0.01));
    expect(off).toMatchObject({ status: 'fail', message: expect.stringMatching(/differ .* by 0\.01/) });
  });

  it('compares what our own kernels made of fp32 weights with their graph', async () => {
    const packed = await Reranker.load(fp32MinilmFolder(), { dtype: 'int8', threads: 1 });
    expect(packed.info.engine.name).toBe('builtin');
    expect(await checkParity(packed)).toMatchObject({ status: 'pass' });
    expect(await checkParity(shifted(1.5, packed))).toMatchObject({ status: 'fail' });
    await packed.close();
  });

  it.each<[string, SumModel]>([
    ['Sigmoid', { ...SUM, ending: ending(['batch', 1], 'Sigmoid') }],
    ['Sigmoid of two', { ...SUM, output: 'pair', ending: ending(['batch', 2], 'Sigmoid') }],
    ['Softmax of two', { ...SUM, output: 'pair', ending: ending(['batch', 2], softmax(1)) }],
    ['the second share', { ...SUM, output: 'pair', ending: ending(['batch'], softmax(1), gather('second')) }],
    ['LogSoftmax', { ...SUM, output: 'pair', ending: ending(['batch', 2], softmax(1, 'LogSoftmax')) }],
  ])('compares scores where a graph gives none but these: %s', async (_, model) => {
    const { folder, remove } = temporaryModel({ 'model.onnx': sumModel(model) });
    const ended = await Reranker.load(folder, { threads: 1 });
    const message = expect.stringMatching(/scores differ/) as string;
    expect(await checkParity(ended)).toMatchObject({ status: 'pass', message });
    expect(await checkParity(shifted(0.01, ended))).toMatchObject({ status: 'fail', message });
    await ended.close();
    remove();
  });

  it('compares what our own kernels took from an int8 graph with that graph', async () => {
    const ours = await Reranker.load(minilmFolder(), { threads: 1 });
    expect(ours.info.engine).toMatchObject({
      name: 'builtin',
      reason: 'int8 on our own kernels, made from the int8 weights of model.onnx',
    });
    expect(await checkParity(ours)).toMatchObject({ status: 'pass' });
    expect(await checkParity(shifted(1.5, ours))).toMatchObject({ status: 'fail' });
    await ours.close();
  });

  it('fails for other tokens', async () => {
    const other = shifted(0);
    other.encode = () => ({ ids: [1], typeIds: [0], truncatedTokens: 0 });
    expect(await checkParity(other)).toMatchObject({ status: 'fail', message: expect.stringMatching(/tokens of/) });
  });
});

describe('reference', () => {
  const SCORES = [0.000834, 0.0000373, 0.0000374, 0.0000374];
  const info = {
    model: '@cf/baai/bge-reranker-base',
    architecture: 'XLMRobertaForSequenceClassification',
    dtype: 'fp32',
    files: { tokenizer: { sha256: '9eb652ac4e40cc093272bbbe0f55d521cf67570060227109b5cdc20945a4489e' } },
  } as ModelInfo;
  const answering = (by: number, more: Partial<ModelInfo> = {}) =>
    ({
      info: { ...info, ...more },
      rerank: async () => ({ response: SCORES.map((score, id) => ({ id, score: logitOf(score) + by })).reverse() }),
    }) as unknown as Reranker;

  it('passes within the tolerance of the dtype and fails beyond', async () => {
    expect(await checkReference(answering(0.05))).toMatchObject({ status: 'pass' });
    expect(await checkReference(answering(0.2))).toMatchObject({ status: 'fail' });
    expect(await checkReference(answering(0.2, { dtype: 'int8' }))).toMatchObject({ status: 'pass' });
  });

  it('is skipped for other models', async () => {
    expect(await checkReference(reranker)).toMatchObject({ status: 'skipped' });
    expect(await checkReference(answering(0, { model: 'BAAI/bge-reranker-large' }))).toMatchObject({
      status: 'skipped',
    });
  });
});

describe('live', () => {
  let server: RunningServer;
  beforeAll(async () => {
    const options = { model: minilmFolder(), port: 0, tokens: ['secret'], reranker: { threads: 1 } };
    server = await serve(options);
  });
  afterAll(() => server.close());
  const account = (token: string) =>
    liveAccount({
      CLOUDFLARE_ACCOUNT_ID: '0123456789abcdef0123456789abcdef',
      CLOUDFLARE_API_TOKEN: token,
      CLOUDFLARE_BASE_URL: `${server.url}/client/v4/`,
    });

  it('passes against the same model, fails for scores that are off', async () => {
    expect(await checkLive(reranker, account('secret'))).toMatchObject({ check: 'live', status: 'pass' });
    expect(await checkLive(shifted(1), account('secret'))).toMatchObject({ status: 'fail' });
  });

  it('says what the service says', async () => {
    const refused = await checkLive(reranker, account('wrong'));
    expect(refused).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/401: 10000 Authentication error/),
    });
  });

  it('needs both credentials', () => {
    expect(() => liveAccount({ CLOUDFLARE_ACCOUNT_ID: 'x' })).toThrow(/CLOUDFLARE_API_TOKEN/);
  });
});
