import { open, readFile, type FileHandle } from 'node:fs/promises';
import { unreadable } from '../base/not-found';
import { externalPath } from './external-path';
import { elementCount, type ModelGraph, type StoredTensor } from './model-graph';

/** How a file stores float weights, as config.json's `torch_dtype` calls it. */
export type FloatType = 'float32' | 'float16' | 'bfloat16';

/** The file begins with the header's length, eight bytes. */
const LENGTH_BYTES = 8;
/** The format's own bound. */
const MAX_HEADER_BYTES = 100_000_000;
/** What our own kernels can be made from, by its name in the format, with its TensorProto.DataType. */
const FLOAT_TYPES: Readonly<Record<string, { name: FloatType; dataType: number } | undefined>> = {
  F32: { name: 'float32', dataType: 1 },
  F16: { name: 'float16', dataType: 10 },
  BF16: { name: 'bfloat16', dataType: 16 },
};
/** TensorProto.DataType of none. */
const UNDEFINED = 0;
/** The last layer of RoBERTa's kin and of BERT's, also inside a wrapper's `model.`. */
const HEADS = [/(^|\.)classifier\.out_proj\.weight$/, /(^|\.)classifier\.weight$/];

interface Entry {
  dtype?: unknown;
  shape?: unknown;
}
type Header = Record<string, Entry | undefined>;

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

function toTensor(name: string, { dtype, shape }: Entry): StoredTensor {
  const dims = Array.isArray(shape) ? shape.map(Number) : [];
  return {
    name,
    dims,
    dataType: FLOAT_TYPES[String(dtype)]?.dataType ?? UNDEFINED,
    raw: undefined,
    external: undefined,
    integers: undefined,
  };
}

function toGraph(header: Header): ModelGraph {
  const initializers = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => toTensor(name, entry ?? {}));
  const head = HEADS.map((head) => initializers.find(({ name }) => head.test(name))).find((found) => found);
  const types = initializers.find(({ name }) => name.endsWith('token_type_embeddings.weight'))?.dims[0] ?? 0;
  // Our own kernels give a model with one token type that type, whatever the tokenizer says.
  const inputs = ['input_ids', 'attention_mask', ...(types > 1 ? ['token_type_ids'] : [])];
  return {
    opsets: new Map(),
    operators: new Map(),
    nodes: [],
    inputs: inputs.map((name) => ({ name, dims: [undefined, undefined] })),
    outputs: head ? [{ name: 'logits', dims: [undefined, head.dims[0]] }] : [],
    initializers,
  };
}

/** Whether `torch_dtype` names weights that our own kernels can be made from. */
export const isFloatType = (name: string): boolean => Object.values(FLOAT_TYPES).some((type) => type!.name === name);

/** How most of the weights are stored; float32 where there are none, which loading says better. */
function commonType({ initializers }: ModelGraph): FloatType {
  const counts = Object.values(FLOAT_TYPES).map((type) => ({
    name: type!.name,
    count: elementCount(initializers.filter(({ dataType }) => dataType === type!.dataType)),
  }));
  return counts.reduce((most, each) => (each.count > most.count ? each : most)).name;
}

/** What a safetensors file says of its weights as a whole. */
export interface StoredWeights {
  stored: FloatType;
  /** Whether a classifier is among them. */
  hasHead: boolean;
}

export async function readStoredWeights(path: string): Promise<StoredWeights> {
  const graph = await readSafetensorsGraph(path);
  return { stored: commonType(graph), hasHead: graph.outputs.length > 0 };
}

async function headerOf(path: string): Promise<Header> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    return await readHeader(file);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
}

/** File of each tensor by model.safetensors.index.json; nothing for what is no such file. */
async function weightMap(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const { weight_map: map } = JSON.parse(text) as { weight_map?: Record<string, unknown> };
    return new Map(Object.entries(map ?? {}).map(([tensor, file]) => [tensor, String(file)]));
  } catch {
    return new Map();
  }
}

/** A shard is external data: what every load checks of such data, it checks of shards. */
async function shardsGraph(path: string): Promise<ModelGraph> {
  const files = await weightMap(path);
  const names = [...new Set(files.values())];
  // A shard that is missing says nothing of its tensors; that it is missing is for the checks to say.
  const paths = names.map((name) => externalPath(path, name)).filter((each) => each !== undefined);
  const headers = await Promise.all(paths.map((each) => headerOf(each).catch((): Header => ({}))));
  const header = Object.assign(Object.fromEntries([...files.keys()].map((name) => [name, {}])), ...headers) as Header;
  const graph = toGraph(header);
  const initializers = graph.initializers.map((tensor) => {
    const location = files.get(tensor.name);
    return location === undefined ? tensor : { ...tensor, external: { location, offset: 0, length: undefined } };
  });
  return { ...graph, initializers };
}

/**
 * The weights of a safetensors file, or of those that an index lists, as the graph that our own kernels make of them, so
 * that one set of checks reads both kinds of file. Empty for what is no such file: loading says that better.
 */
export async function readSafetensorsGraph(path: string): Promise<ModelGraph> {
  return path.endsWith('.json') ? await shardsGraph(path) : toGraph(await headerOf(path));
}
