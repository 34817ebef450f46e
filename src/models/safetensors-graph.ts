import { open, type FileHandle } from 'node:fs/promises';
import { unreadable } from './not-found';
import type { OnnxGraph, OnnxTensor } from './onnx-graph';

/** The file begins with the header's length, eight bytes. */
const LENGTH_BYTES = 8;
/** The format's own bound. */
const MAX_HEADER_BYTES = 100_000_000;
const FLOAT = 1;
/** The last layer of BERT's kin and of RoBERTa's. */
const HEADS = ['classifier.out_proj.weight', 'classifier.weight'];

type Header = Record<string, { shape?: unknown } | undefined>;

async function readHeader(file: FileHandle): Promise<Header> {
  const length = Buffer.alloc(LENGTH_BYTES);
  const { bytesRead } = await file.read(length, 0, LENGTH_BYTES, 0);
  const bytes = bytesRead === LENGTH_BYTES ? Number(length.readBigUInt64LE()) : 0;
  if (bytes === 0 || bytes > Math.min(MAX_HEADER_BYTES, (await file.stat()).size)) return {};
  const text = Buffer.alloc(bytes);
  await file.read(text, 0, bytes, LENGTH_BYTES);
  try {
    return (JSON.parse(text.toString('utf8')) as Header | null) ?? {};
  } catch {
    return {};
  }
}

function toTensor(name: string, shape: unknown): OnnxTensor {
  const dims = Array.isArray(shape) ? shape.map(Number) : [];
  return { name, dims, dataType: FLOAT, raw: undefined, external: undefined };
}

function toGraph(header: Header): OnnxGraph {
  const initializers = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => toTensor(name, entry?.shape));
  const head = HEADS.map((name) => initializers.find((tensor) => tensor.name === name)).find((found) => found);
  const types = initializers.find(({ name }) => name.endsWith('token_type_embeddings.weight'))?.dims[0] ?? 0;
  // Our own kernels give a model with one token type that type, whatever the tokenizer says.
  const inputs = ['input_ids', 'attention_mask', ...(types > 1 ? ['token_type_ids'] : [])];
  return {
    opsets: new Map(),
    operators: new Map(),
    inputs: inputs.map((name) => ({ name, dims: [undefined, undefined] })),
    outputs: head ? [{ name: 'logits', dims: [undefined, head.dims[0]] }] : [],
    initializers,
  };
}

/**
 * The weights of a safetensors file as the graph that our own kernels make of them, so that one set of checks reads
 * both kinds of file. Empty for what is no such file: loading says that better.
 */
export async function readSafetensorsGraph(path: string): Promise<OnnxGraph> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    return toGraph(await readHeader(file));
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
}
