import { planModel, plannedProvider, type Candidate } from '../../src/models/plan';
import { refusalText } from '../../src/models/refusal';
import { DTYPES, type Capabilities, type ModelFacts } from '../../src/models/ways';
import { unreadAmong, weightFilesAmong, type WeightFile } from '../../src/models/weight-files';
import type { Dtype, ExecutionProvider } from '../../src/types';

const ROBERTA = 'XLMRobertaForSequenceClassification';
const SLOW: Capabilities = {
  dtypes: ['fp32', 'bf16', 'int8'],
  families: [
    {
      name: 'roberta',
      modelTypes: ['xlm-roberta'],
      architectures: [ROBERTA],
      bareArchitectures: ['XLMRobertaModel'],
      codeClasses: ['XLMRobertaFlashConfig'],
      causalArchitectures: [],
    },
  ],
  hasFastFp32: false,
  hasFastBf16: true,
  instructionSet: 'avx2',
};
const FAST = { ...SLOW, hasFastFp32: true };

/** Every file that the table is about, by a letter. */
const FILES: Record<string, WeightFile> = {
  S: { path: 'model.safetensors', format: 'safetensors', stored: 'float32' },
  H: { path: 'model.safetensors', format: 'safetensors', stored: 'bfloat16' },
  D: { path: 'model.safetensors', format: 'safetensors', stored: 'float64' },
  Q: { path: 'model_quantized.onnx', format: 'onnx', stored: 'int8' },
  G: { path: 'onnx/model.onnx', format: 'onnx', stored: 'float32' },
  P: { path: 'onnx/model.onnx', format: 'onnx', stored: 'int8' },
  F: { path: 'onnx/model_fp16.onnx', format: 'onnx', stored: 'float16' },
};
/** One letter of each set, or none: one file has one content. */
const CHOICES = [
  ['', 'S', 'H', 'D'],
  ['', 'Q'],
  ['', 'G', 'P'],
  ['', 'F'],
];
const FOLDERS = CHOICES.reduce<string[]>((sets, next) => sets.flatMap((set) => next.map((one) => set + one)), ['']);

/**
 * What docs/models.md says, best first: `b` our own kernels, `o` ONNX Runtime, then the file's letter. Of the files that
 * are named here a folder has some.
 */
type Rows = Record<Dtype, string>;
const ON_ONNX_RUNTIME: Rows = { auto: 'oQ oP oG oF', fp32: 'oG', fp16: 'oF', bf16: '', int8: 'oQ oP' };
const ON_CUDA: Rows = { ...ON_ONNX_RUNTIME, auto: 'oF oG oQ oP' };
const ON_OUR_KERNELS: Rows = {
  auto: 'bS bH bG bF bQ bP oQ oP oG oF',
  fp32: 'oG bS bG bH bF',
  fp16: 'oF',
  bf16: 'bS bH bG bF',
  int8: 'bS bH bG bF bQ bP oQ oP',
};
const ON_FAST_FP32: Rows = { ...ON_OUR_KERNELS, fp32: 'bS bG bH bF oG' };

const BARE = { architecture: 'XLMRobertaModel', modelType: 'xlm-roberta', hasHead: true };
/** Modules are run by our own kernels or not at all. */
const ON_OURS_ALONE: Rows = {
  auto: 'bS bH bG bF bQ bP',
  fp32: 'bS bG bH bF',
  fp16: '',
  bf16: 'bS bH bG bF',
  int8: 'bS bH bG bF bQ bP',
};
const NOWHERE: Rows = { auto: '', fp32: '', fp16: '', bf16: '', int8: '' };

const TABLE: [string, ExecutionProvider, Partial<ModelFacts>, Capabilities, Rows][] = [
  ['an architecture of our own kernels', 'cpu', {}, SLOW, ON_OUR_KERNELS],
  ['the same where they are fast at fp32', 'cpu', {}, FAST, ON_FAST_FP32],
  ['the same on CUDA', 'cuda', {}, SLOW, ON_CUDA],
  ['the same on CUDA where they are fast', 'cuda', {}, FAST, ON_CUDA],
  ['another architecture', 'cpu', { architecture: 'OtherForSequenceClassification' }, FAST, ON_ONNX_RUNTIME],
  ['another architecture on CUDA', 'cuda', { architecture: 'OtherForSequenceClassification' }, SLOW, ON_CUDA],
  ['code of its own', 'cpu', { hasOwnCode: true }, FAST, ON_ONNX_RUNTIME],
  [
    'code of its own that a family does',
    'cpu',
    { hasOwnCode: true, codeClass: 'XLMRobertaFlashConfig' },
    SLOW,
    ON_OUR_KERNELS,
  ],
  ['other code of its own', 'cpu', { hasOwnCode: true, codeClass: 'OtherConfig' }, FAST, ON_ONNX_RUNTIME],
  [
    'modules behind a bare model',
    'cpu',
    { architecture: 'XLMRobertaModel', modules: ['1_Pooling'] },
    SLOW,
    ON_OURS_ALONE,
  ],
  ['modules behind a model with a head', 'cpu', { modules: ['1_Pooling'] }, SLOW, NOWHERE],
  ['modules on CUDA', 'cuda', { architecture: 'XLMRobertaModel', modules: ['1_Pooling'] }, SLOW, NOWHERE],
  ['the encoder alone, its head in the weights', 'cpu', BARE, SLOW, ON_OUR_KERNELS],
  ['no architecture, the head in the weights', 'cpu', { ...BARE, architecture: 'unknown' }, SLOW, ON_OUR_KERNELS],
  ['the encoder alone, no head seen', 'cpu', { ...BARE, hasHead: false }, SLOW, ON_ONNX_RUNTIME],
  ['the encoder alone, of another type', 'cpu', { ...BARE, modelType: 'other' }, SLOW, ON_ONNX_RUNTIME],
  ['an addon without families', 'cpu', {}, { ...FAST, families: [] }, ON_ONNX_RUNTIME],
  ['an addon without bf16', 'cpu', {}, { ...SLOW, dtypes: ['fp32', 'int8'] }, { ...ON_OUR_KERNELS, bf16: '' }],
];

const factsOf = (letters: string, facts: Partial<ModelFacts> = {}): ModelFacts => {
  const files = Array.from(letters, (letter) => FILES[letter]!);
  return {
    architecture: ROBERTA,
    modelType: undefined,
    hasOwnCode: false,
    modules: [],
    hasHead: false,
    files,
    unread: undefined,
    ...facts,
  };
};
const shorthand = ({ engine, file }: Candidate) =>
  (engine === 'onnxruntime' ? 'o' : 'b') + Object.keys(FILES).find((letter) => FILES[letter] === file)!;
const dtypeOf = (asked: Dtype, step: string) =>
  step.startsWith('b') ? (asked === 'auto' ? 'int8' : asked) : { Q: 'int8', P: 'int8', G: 'fp32', F: 'fp16' }[step[1]!];

describe.each(TABLE)('%s', (_, provider, facts, capabilities, rows) => {
  it.each(DTYPES)('%s, in each of the folders', (dtype) => {
    for (const letters of FOLDERS) {
      const plan = planModel(factsOf(letters, facts), { dtype, provider }, capabilities);
      const expected = rows[dtype].split(' ').filter((step) => step !== '' && letters.includes(step[1]!));
      const got = 'candidates' in plan ? plan.candidates : [];
      expect([letters, ...got.map(shorthand)]).toEqual([letters, ...expected]);
      expect(got.map((candidate) => candidate.dtype)).toEqual(expected.map((step) => dtypeOf(dtype, step)));
      // Always the one or the other.
      expect('refusal' in plan).toBe(expected.length === 0);
    }
  });
});

describe('says why', () => {
  const reasonOf = (letters: string, dtype: Dtype, capabilities = SLOW, facts: Partial<ModelFacts> = {}) => {
    const plan = planModel(factsOf(letters, facts), { dtype, provider: 'cpu' }, capabilities);
    return 'candidates' in plan ? plan.candidates[0].reason : plan.refusal.sentence;
  };

  it.each<[string, string]>([
    [reasonOf('S', 'auto'), 'int8 on our own kernels, made from model.safetensors'],
    [reasonOf('H', 'bf16'), 'bf16 on our own kernels, made from the bfloat16 weights of model.safetensors'],
    [
      reasonOf('S', 'bf16', { ...SLOW, hasFastBf16: false }),
      'bf16 on our own kernels, made from model.safetensors; fp32 is faster on this processor, which has no instructions for bf16',
    ],
    [reasonOf('S', 'int8', { ...SLOW, hasFastBf16: false }), 'int8 on our own kernels, made from model.safetensors'],
    [
      reasonOf('S', 'auto', { ...SLOW, instructionSet: 'portable' }),
      'int8 on our own kernels, made from model.safetensors; this processor has none of the instruction sets that they are written for, so that ONNX Runtime may be faster: `bge-reranker bench --dtypes` tells',
    ],
    [reasonOf('G', 'fp32', FAST), 'fp32 on our own kernels, made from model.onnx'],
    [
      reasonOf('G', 'fp32'),
      'model.onnx runs on ONNX Runtime, since it is faster at fp32 on this processor than our own kernels',
    ],
    [reasonOf('F', 'fp16'), 'model_fp16.onnx runs on ONNX Runtime, since our own kernels have no fp16'],
    [reasonOf('Q', 'auto'), 'int8 on our own kernels, made from the int8 weights of model_quantized.onnx'],
    [reasonOf('FQ', 'auto'), 'int8 on our own kernels, made from the float16 weights of model_fp16.onnx'],
    [
      reasonOf('SQ', 'auto', SLOW, { architecture: 'OtherForSequenceClassification' }),
      "model_quantized.onnx runs on ONNX Runtime, since our own kernels do not know the architecture 'OtherForSequenceClassification'",
    ],
    [
      reasonOf('G', 'auto', SLOW, { hasOwnCode: true }),
      'model.onnx runs on ONNX Runtime, since config.json says that code of its own runs the model (auto_map)',
    ],
  ])('%s', (reason, expected) => expect(reason).toBe(expected));
});

describe('a refusal says what is missing, what is there and what to change', () => {
  it.each<[string, Dtype, ExecutionProvider, Partial<ModelFacts>, string, string]>([
    [
      '',
      'auto',
      'cpu',
      {},
      'model.onnx',
      'has no weights; put model.safetensors, model.onnx, model_quantized.onnx or model_fp16.onnx there',
    ],
    [
      'G',
      'int8',
      'cpu',
      { architecture: 'unknown' },
      'model_quantized.onnx',
      "has no weights that can run as int8, which would be model_quantized.onnx, and our own kernels do not know the architecture 'unknown'; it has onnx/model.onnx (float32); ask for dtype 'auto' or 'fp32'",
    ],
    [
      'Q',
      'bf16',
      'cpu',
      {},
      'model.onnx',
      "has no weights that can run as bf16, which would be model.safetensors or model.onnx; it has model_quantized.onnx (int8); ask for dtype 'auto' or 'int8'",
    ],
    [
      'S',
      'bf16',
      'cuda',
      {},
      'model.onnx',
      "cannot be run as bf16 on CUDA, since our own kernels are for the CPU; it has model.safetensors (float32); ask for the provider 'cpu' alone",
    ],
    [
      'D',
      'auto',
      'cpu',
      {},
      'model.onnx',
      'has no weights that can run, which would be model.safetensors, model.onnx, model_quantized.onnx or model_fp16.onnx; it has model.safetensors (float64); use a conversion of the model that has them',
    ],
  ])('%j as %s on %s', (letters, dtype, provider, facts, missing, sentence) => {
    expect(planModel(factsOf(letters, facts), { dtype, provider }, SLOW)).toEqual({ refusal: { missing, sentence } });
  });
});

it.each([
  ['model_int8.onnx', 'int8'],
  ['model_uint8.onnx', 'int8'],
  ['model_q8.onnx', 'int8'],
  ['onnx/model_qint8_avx512_vnni.onnx', 'int8'],
  ['onnx/model_quint8_avx2.onnx', 'int8'],
])('%s runs as %s', (path, dtype) => {
  const files = weightFilesAmong([path]);
  const plan = planModel({ ...factsOf(''), files }, { dtype: 'auto', provider: 'cpu' }, SLOW);
  expect(plan).toMatchObject({
    candidates: [
      { engine: 'builtin', dtype, file: { path } },
      { engine: 'onnxruntime', dtype, file: { path } },
    ],
  });
});

describe('weights that nothing reads are named, with what to do', () => {
  it.each([
    [['onnx/model_q4.onnx'], /it has onnx\/model_q4\.onnx \(4-bit\)/],
    [['model_bnb4.onnx', 'model_q4f16.onnx'], /it has model_q4f16\.onnx \(4-bit\) and model_bnb4\.onnx \(4-bit\)/],
    [
      ['pytorch_model.bin', 'vocab.txt'],
      /it has pytorch_model\.bin; convert it with .*from_pretrained\('\/m'\)\.save_pretrained/,
    ],
    [['q8.gguf'], /it has q8\.gguf; use the repository that it was made from/],
  ])('%j', (paths, expected) => {
    const facts = { ...factsOf(''), files: weightFilesAmong(paths), unread: unreadAmong(paths) };
    const plan = planModel(facts, { dtype: 'auto', provider: 'cpu' }, SLOW);
    expect('refusal' in plan && refusalText('/m', plan.refusal)).toMatch(expected);
  });
});

it('knows the files by name, in onnx/ before the top', () => {
  const paths = ['model.onnx', 'README.md', 'onnx/model.onnx', 'model_fp16.onnx', 'other/model.safetensors'];
  expect(weightFilesAmong(paths)).toEqual([
    { path: 'onnx/model.onnx', format: 'onnx', stored: 'float32' },
    { path: 'model_fp16.onnx', format: 'onnx', stored: 'float16' },
  ]);
});

it('plans for the first provider', () => {
  expect(plannedProvider(['cpu', 'cuda'])).toBe('cpu');
  expect(plannedProvider(['cuda', 'cpu'])).toBe('cuda');
  expect(plannedProvider()).toBe('cpu');
});
