import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reranker, type RerankerOptions } from '../../src';
import { diagnose } from '../../src/doctor/diagnose';
import { FINDING_SEVERITIES, type FindingCode } from '../../src/checks/finding';
import { measureInt8Products } from '../../src/doctor/int8-products';
import type { Machine } from '../../src/doctor/machine';
import { saturationOf } from '../../src/doctor/saturation';
import { readOnnxGraph } from '../../src/formats/onnx-graph';
import { ending } from '../support/graph-endings';
import { minilmFolder, temporaryModel } from '../support/models';
import { sumModel, type SumModel } from '../support/onnx-model';
import { tinyBert, tinyBertConfig, type TinyBert } from '../support/tiny-bert';
import { folderWith } from '../models/model-folder';
import { temporaryFolder } from '../support/temporary-folder';

const products = (got: number) => async () => ({ runtime: '1.2.3', exact: 2_072_640, got });
const MACHINE: Machine = { cores: 64, freeBytes: 1e12, measureInt8: products(2_072_640) };
/** As a Haswell answers: 32767 for each pair. */
const SATURATES = { measureInt8: products(1_048_544) };
const IDS = { input_ids: 'int64', attention_mask: 'int64' } as const;
const SOUND: SumModel = { inputs: { ...IDS, token_type_ids: 'int64' }, output: 'column' };

/** A table of this many rows and one column. */
const table = (name: string, rows: number) => ({
  name: `bert.embeddings.${name}.weight`,
  dims: [rows, 1],
  dataType: 1,
  rawData: Buffer.alloc(4 * rows),
});
const located = (data: Record<string, string>) => ({
  name: 'outside',
  dims: [8],
  dataType: 1,
  dataLocation: 1,
  externalData: Object.entries(data).map(([key, value]) => ({ key, value })),
});
const external = located({ location: 'model.onnx_data', offset: '0', length: '32' });
const outsideInt8 = {
  ...external,
  dims: [4, 2],
  dataType: 3,
  externalData: [{ key: 'location', value: 'model.onnx_data' }],
};
const int8 = (value: number) => ({ name: 'weights', dims: [4, 4], dataType: 3, rawData: Buffer.alloc(16, value) });

interface Case {
  code: FindingCode;
  message: RegExp;
  model?: Partial<SumModel>;
  /** Files besides the model's three. */
  files?: Record<string, string>;
  /** The ONNX file's name. */
  name?: 'model_quantized.onnx';
  config?: object;
  options?: RerankerOptions;
  machine?: Partial<Machine>;
}

const CASES: Case[] = [
  { code: 'LOAD_FAILED', model: { opset: 99 }, message: /Opset 99/ },
  { code: 'SELF_CHECK_FAILED', model: { divisor: 0 }, message: /INFERENCE_FAILED: .*finite/ },
  {
    code: 'EXTERNAL_DATA_INVALID',
    model: { initializers: [located({ location: '../../etc/passwd', offset: '0', length: '8' })] },
    message: /'\.\.\/\.\.\/etc\/passwd', outside its folder/,
  },
  ...['-1', 'abc', '0x10', '18446744073709551616'].map((offset): Case => ({
    code: 'EXTERNAL_DATA_INVALID',
    model: { initializers: [located({ location: 'model.onnx_data', offset, length: '8' })] },
    files: { 'model.onnx_data': 'x'.repeat(64) },
    message: /no whole number/,
  })),
  { code: 'EXTERNAL_DATA_MISSING', model: { initializers: [external] }, message: /model\.onnx_data, which is not/ },
  {
    code: 'EXTERNAL_DATA_SHORT',
    model: { initializers: [external] },
    files: { 'model.onnx_data': 'too short' },
    message: /has 9 bytes, the graph needs 32/,
  },
  {
    code: 'POSITIONS_TOO_FEW',
    model: { initializers: [table('position_embeddings', 100)] },
    message: /100 positions, 100 of them usable; 512 tokens/,
  },
  {
    code: 'GRAPH_INPUT_UNKNOWN',
    model: { inputs: { ...IDS, pixel_values: 'int64' } },
    message: /wants 'pixel_values', which a pair does not give/,
  },
  {
    code: 'GRAPH_END_UNKNOWN',
    model: { ending: ending(['batch', 1], 'Neg') },
    message: /Output 'scores' comes from Neg 'scores', which is neither a classifier/,
  },
  {
    code: 'ACTIVATION_LEFT_OUT',
    model: { ending: ending(['batch', 1], 'Sigmoid') },
    message: /ends in Sigmoid, which is left out/,
  },
  { code: 'LABELS_UNSUPPORTED', model: { labels: 3 }, message: /'logits' has 3 labels/ },
  {
    code: 'TOKEN_TYPES_TOO_FEW',
    model: { initializers: [table('token_type_embeddings', 1)] },
    message: /gives type 1, the graph has 1 token type/,
  },
  {
    code: 'VOCABULARY_TOO_LARGE',
    model: { initializers: [table('word_embeddings', 100)] },
    message: /has 30522 tokens, the graph's table 100 rows/,
  },
  {
    code: 'OPERATOR_DOMAIN_UNKNOWN',
    model: { nodes: [{ opType: 'Odd', domain: 'my.own', input: ['input_ids'], output: ['odd'], name: 'odd' }] },
    message: /my\.own:Odd/,
  },
  {
    code: 'TOKENIZER_LIMIT_TOO_HIGH',
    files: { 'tokenizer_config.json': '{"model_max_length": 514}' },
    message: /tokenizer_config\.json allows 514 tokens, the model takes 512/,
  },
  {
    code: 'LABELS_DISAGREE',
    config: { id2label: { 0: 'a', 1: 'b', 2: 'c' } },
    message: /The graph has 1 label, config\.json 3/,
  },
  {
    code: 'TOKEN_TYPES_DROPPED',
    model: { inputs: IDS, initializers: [table('token_type_embeddings', 2)] },
    message: /no input token_type_ids/,
  },
  {
    code: 'VOCABULARY_DIFFERS',
    model: { initializers: [table('word_embeddings', 250_002)] },
    message: /has 30522 tokens, the graph's table 250002 rows/,
  },
  {
    code: 'INT8_MAY_SATURATE',
    name: 'model_quantized.onnx',
    model: { initializers: [int8(100)] },
    machine: SATURATES,
    message: /1\.2\.3 adds pairs .* 2072640 came out as 1048544; 100\.00 % of the pairs/,
  },
  {
    code: 'INT8_MAY_SATURATE',
    name: 'model_quantized.onnx',
    model: { initializers: [outsideInt8] },
    files: { 'model.onnx_data': '\x7f'.repeat(8) },
    machine: SATURATES,
    message: /100\.00 % of the pairs/,
  },
  {
    code: 'INT8_SATURATION_HARMLESS',
    name: 'model_quantized.onnx',
    model: { initializers: [int8(64)] },
    machine: SATURATES,
    message: /came out as 1048544; no pair/,
  },
  {
    code: 'INT8_EXACT',
    name: 'model_quantized.onnx',
    model: { initializers: [int8(100)] },
    message: /without loss on this CPU: tried, 2072640 came out as 2072640/,
  },
  {
    code: 'OPERATORS_NOT_ON_CUDA',
    options: { executionProviders: ['cuda', 'cpu'] },
    model: {
      nodes: [{ opType: 'DynamicQuantizeLinear', input: ['divisor'], output: ['q', 's', 'z'], name: 'quantize' }],
    },
    message: /DynamicQuantizeLinear/,
  },
  { code: 'MEMORY_LOW', machine: { freeBytes: 1e6 }, message: /; 1 MB are free/ },
  {
    code: 'THREADS_ABOVE_CORES',
    options: { threads: 2 },
    machine: { cores: 1 },
    message: /2 threads were asked for, 1 core may/,
  },
  { code: 'TWO_LABELS', model: { output: 'pair' }, message: /two labels/ },
  { code: 'MEMORY_ESTIMATE', message: /MB are needed with 1 thread:/ },
];

const CONFIG = { model_type: 'bert', max_position_embeddings: 512, architectures: ['Test'] };

async function findingsOf({ model, files = {}, name, config, options, machine }: Case) {
  const onnx = sumModel({ ...SOUND, ...model });
  const { folder, remove } = temporaryModel({
    'model.onnx': onnx,
    'config.json': JSON.stringify({ ...CONFIG, ...config }),
  });
  if (name) writeFileSync(join(folder, name), onnx);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  try {
    return (await diagnose(folder, { threads: 1, ...options }, { ...MACHINE, ...machine })).findings;
  } finally {
    remove();
  }
}

describe('a model made to show each finding', () => {
  it.each(CASES)('$code', async (shown) => {
    const findings = await findingsOf(shown);
    const found = findings.find(({ code }) => code === shown.code);
    expect(found).toMatchObject({
      severity: FINDING_SEVERITIES[shown.code],
      message: expect.stringMatching(shown.message),
      remedy: expect.stringMatching(/\w/),
    });
    // The same model without its fault does not show it.
    const sound = await findingsOf({ code: shown.code, message: shown.message });
    if (shown.code !== 'MEMORY_ESTIMATE') expect(sound.map(({ code }) => code)).not.toContain(shown.code);
  });

  it('every code is shown', () => {
    expect([...new Set(CASES.map(({ code }) => code))].sort()).toEqual(Object.keys(FINDING_SEVERITIES).sort());
  });
});

it.each<[RerankerOptions, string]>([
  [{ threads: 2, dtype: 'fp32' }, "Use dtype 'int8', fewer threads or a smaller model, or free memory"],
  [{ threads: 1, dtype: 'fp32' }, "Use dtype 'int8' or a smaller model, or free memory"],
  [{ threads: 1, dtype: 'int8' }, 'Use a smaller model, or free memory'],
])('low memory with %j: nothing is advised that is so already', async (options, remedy) => {
  const shown = {
    code: 'MEMORY_LOW',
    message: /./,
    options,
    machine: { freeBytes: 1 },
    name: options.dtype === 'int8' ? 'model_quantized.onnx' : undefined,
  } as const;
  const low = (await findingsOf(shown)).find(({ code }) => code === 'MEMORY_LOW');
  expect(low?.remedy).toBe(remedy);
});

it('a sound model has no finding above info', async () => {
  const { findings } = await diagnose(minilmFolder(), { threads: 1 }, MACHINE);
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
});

describe('int8 products, tried in the runtime', () => {
  const EXACT = 255 * 127 * 64;

  it('are exact on a CPU that adds them in 32 bits', async () => {
    const flags = readFileSync('/proc/cpuinfo', 'utf8');
    if (process.arch === 'x64' && !/avx512_vnni|avx_vnni/.test(flags)) return; // what comes then, the next test tells
    expect(await measureInt8Products()).toMatchObject({ exact: EXACT, got: EXACT });
  });

  // Needs qemu-user; Nehalem has neither VNNI nor AVX2, and its products are exact: flags alone would not tell.
  it.each([
    ['Haswell', (32_767 * 64) / 2],
    ['Nehalem', EXACT],
  ])('on an emulated %s', (cpu, got) => {
    if (process.arch !== 'x64' || spawnSync('qemu-x86_64', ['--version']).error) return;
    const module = join(__dirname, '..', '..', 'dist', 'doctor', 'int8-products.js');
    const script = `require(${JSON.stringify(module)}).measureInt8Products().then((it) => console.log(JSON.stringify(it)))`;
    const { stdout } = spawnSync('qemu-x86_64', ['-cpu', cpu, process.execPath, '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toMatchObject({ exact: EXACT, got });
  });
});

describe('a model on our own kernels', () => {
  const folderOf = (weights: TinyBert, config: TinyBert = weights) =>
    folderWith({
      'config.json': tinyBertConfig(config),
      'tokenizer.json': readFileSync(join(minilmFolder(), 'tokenizer.json')),
      'model.safetensors': tinyBert(weights),
    });
  const codes = async (folder: string) => {
    const { findings } = await diagnose(folder, { threads: 1 }, { ...MACHINE, ...SATURATES });
    return Object.fromEntries(findings.map(({ code, message }) => [code, message]));
  };

  it('is sound, and never saturates', async () => {
    expect(await codes(folderOf({}))).toEqual({
      INT8_EXACT: expect.stringMatching(/^Our own int8 kernels \(.+\) add products in 32 bits/),
      MEMORY_ESTIMATE: expect.any(String),
    });
  });

  it('is told with what its weights were and what they take, which is the same however they are stored', async () => {
    const told = async (weights: TinyBert) => {
      const { weights: run, findings } = await diagnose(folderOf(weights), { threads: 1 }, MACHINE);
      return [run.engine.reason, findings.find(({ code }) => code === 'MEMORY_ESTIMATE')?.message];
    };
    const [reason, memory] = await told({ element: 'F16' });
    expect(reason).toBe('int8 on our own kernels, made from the float16 weights of model.safetensors');
    expect(memory).toMatch(/: 2 MB of weights/); // 30,522 × 64 and the little rest, a byte each
    expect((await told({}))[1]).toBe(memory);
  });

  it.each<[FindingCode, TinyBert, TinyBert, RegExp]>([
    ['POSITIONS_TOO_FEW', { positions: 100 }, {}, /100 positions, 100 of them usable; 512 tokens/],
    ['LABELS_UNSUPPORTED', { labels: 3 }, { labels: 3 }, /has 3 labels/],
    ['VOCABULARY_TOO_LARGE', { vocabulary: 100 }, { vocabulary: 100 }, /has 30522 tokens, .* 100 rows/],
    ['VOCABULARY_DIFFERS', { vocabulary: 40_000 }, { vocabulary: 40_000 }, /has 30522 tokens, .* 40000 rows/],
    ['LABELS_DISAGREE', {}, { labels: 2 }, /has 1 label, config\.json 2/],
    ['TWO_LABELS', { labels: 2 }, { labels: 2 }, /score is the softmax share of the second/],
  ])('%s', async (code, weights, config, message) => {
    expect((await codes(folderOf(weights, config)))[code]).toMatch(message);
  });

  it.each<[FindingCode, TinyBert, TinyBert]>([
    ['POSITIONS_TOO_FEW', { positions: 100 }, {}],
    ['LABELS_UNSUPPORTED', { labels: 3 }, { labels: 3 }],
    ['VOCABULARY_TOO_LARGE', { vocabulary: 100 }, { vocabulary: 100 }],
  ])('is refused at load: %s', async (code, weights, config) => {
    await expect(Reranker.load(folderOf(weights, config), { threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(code),
    });
  });
});

it("reads a real graph as ONNX's own inspection tells it", async () => {
  // Of model.onnx (sha256 1225ccd6…) with the Python package onnx.
  const graph = await readOnnxGraph(join(minilmFolder(), 'model.onnx'));
  expect(graph.inputs.map(({ name }) => name)).toEqual(['input_ids', 'attention_mask', 'token_type_ids']);
  expect(graph.outputs).toEqual([{ name: 'logits', dims: [undefined, 1] }]);
  const words = graph.initializers.find(({ name }) => /word_embeddings\.weight_quantized$/.test(name));
  expect(words?.dims).toEqual([30_522, 384]);
  expect(graph.initializers).toHaveLength(355);
  expect(graph.operators.get('MatMulInteger')).toBe(74);
  expect(graph.opsets).toEqual(new Map([['', 14]]));
});

it('counts the pairs that 16 bits cannot add', () => {
  // Rows are added in twos: 100 + 29 is too much, 100 + 28 is not; the odd last row has no partner.
  expect(saturationOf(Int8Array.of(100, -100, 29, 28, 127, 127), 3, 2)).toEqual({ risky: 1, pairs: 2 });
});

describe('at load', () => {
  const load = async (model: Partial<SumModel>, options: RerankerOptions = {}) => {
    const { folder, remove } = temporaryModel({ 'model.onnx': sumModel({ ...SOUND, ...model }) });
    try {
      await (await Reranker.load(folder, { threads: 1, ...options })).close();
    } finally {
      remove();
    }
  };

  it('refuses a model that would fail on long inputs only', async () => {
    const few = { initializers: [table('position_embeddings', 100)] };
    await expect(load(few)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/maxLength to 100/),
    });
    await expect(load(few, { maxLength: 100 })).resolves.toBeUndefined();
  });

  it('refuses a tokenizer with more tokens than the model, which would fail on some words only', async () => {
    await expect(load({ initializers: [table('word_embeddings', 100)] })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/VOCABULARY_TOO_LARGE/),
      path: expect.stringMatching(/tokenizer\.json$/),
    });
  });

  it('names the external data that is missing', async () => {
    const message = expect.stringMatching(/EXTERNAL_DATA_MISSING/) as string;
    await expect(load({ initializers: [external] })).rejects.toMatchObject({ code: 'MODEL_INVALID', message });
  });
});

it('what is not an ONNX file has an empty graph', async () => {
  const path = join(temporaryFolder(), 'x.onnx');
  writeFileSync(path, Buffer.from('not a model at all, but text'));
  expect((await readOnnxGraph(path)).initializers).toEqual([]);
});
