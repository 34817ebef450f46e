// The models that are measured, and where their files are.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const cache = process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker');

/**
 * folder: which of FOLDERS; file: the ONNX file in it; requestsPerPass: how many requests one measurement repeats
 * whole, so that every peer scores the same pairs however slow it is; loads, cases: what a run measures unless told;
 * referenceFile: Cranfield's reference logits (--reference) are this model's.
 */
const MODELS = {
  'minilm-int8': {
    title: 'MiniLM-L12 int8 (cross-encoder/ms-marco-MiniLM-L-12-v2)',
    folder: 'minilm',
    file: 'model.onnx',
    dtype: 'auto',
    referenceFile: true,
    requestsPerPass: 2,
    loads: ['one', 'few1', 'few3', 'few5', 'few10', 'many', 'open50', 'open80'],
    cases: ['cranfield', 'short', 'long', 'mixed'],
  },
  'minilm-fp32-int8': {
    title: 'MiniLM-L12 int8, ours made from fp32 weights',
    folder: 'minilm-fp32',
    file: 'onnx/model_quantized.onnx',
    dtype: 'int8',
    requestsPerPass: 2,
    loads: ['one', 'few1', 'few3', 'few5', 'few10'],
    cases: ['cranfield'],
  },
  'xlmr-int8': {
    title: "XLM-R base int8 (bge-reranker-base's shape, random weights)",
    folder: 'xlmr',
    file: 'onnx/model_quantized.onnx',
    dtype: 'int8',
    gguf: 'model-q8_0.gguf',
    requestsPerPass: 1,
    loads: ['one', 'few1', 'few3', 'few5', 'few10'],
    cases: ['cranfield'],
  },
  'xlmr-fp32': {
    title: "XLM-R base fp32 (bge-reranker-base's shape, random weights)",
    folder: 'xlmr',
    file: 'onnx/model.onnx',
    dtype: 'fp32',
    weights: 'model.safetensors',
    gguf: 'model-f16.gguf',
    requestsPerPass: 1,
    loads: ['one', 'few1', 'few3', 'few5', 'few10'],
    cases: ['cranfield'],
  },
};

const FOLDERS = {
  minilm: {
    default: path.join(cache, 'models/cross-encoder/ms-marco-MiniLM-L-12-v2'),
    remedy: 'get it with `npm run model`',
  },
  'minilm-fp32': {
    default: path.join(cache, 'models/minilm-fp32'),
    remedy: 'make it with scripts/models/dequantize-minilm.py, or name its folder with --folder minilm-fp32=PATH',
  },
  xlmr: {
    default: path.join(cache, 'models/xlmr-base-random'),
    remedy: 'make it with scripts/models/make-xlmr-base.py, or name its folder with --folder xlmr=PATH',
  },
};

export const MODEL_NAMES = Object.keys(MODELS);

const existing = (file) => (existsSync(file) ? file : null);

/** @param {string[]} folderOptions `NAME=PATH`, NAME one of FOLDERS. */
function folderOf(name, folderOptions) {
  const given = folderOptions.find((option) => option.startsWith(`${name}=`));
  return path.resolve(given ? given.slice(name.length + 1) : FOLDERS[name].default);
}

/** Everything that a peer needs to load one model; throws with the remedy when the files are not there. */
export function resolveModel(name, folderOptions) {
  const entry = MODELS[name];
  if (!entry) throw new Error(`--models: expected one of ${MODEL_NAMES.join(', ')}, received ${name}`);
  const folder = folderOf(entry.folder, folderOptions);
  const onnx = path.join(folder, entry.file);
  for (const file of [onnx, path.join(folder, 'tokenizer.json'), path.join(folder, 'config.json')]) {
    if (!existsSync(file)) throw new Error(`${name}: ${file} is not there; ${FOLDERS[entry.folder].remedy}`);
  }
  return {
    ...entry,
    name,
    folder,
    onnx,
    weights: entry.weights ? existing(path.join(folder, entry.weights)) : null,
    gguf: entry.gguf ? existing(path.join(folder, entry.gguf)) : null,
    maxLength: 512,
  };
}
