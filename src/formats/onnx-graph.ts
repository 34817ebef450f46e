import { open, type FileHandle } from 'node:fs/promises';
import { unreadable } from '../base/not-found';
import type { ExternalData, ModelGraph, StoredTensor, GraphValue } from './model-graph';
import { readNode, tensorIntegers } from './onnx-node';
import { fields, LENGTH_DELIMITED, varint, Window, WINDOW_BYTES, type Field } from './protobuf';

// Field numbers of onnx.proto.
const MODEL = { graph: 7, opsetImport: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE_TENSOR = 1;
const TENSOR_SHAPE = 2;
const SHAPE_DIM = 1;
const DIM_VALUE = 1;

/** NaN for what is no whole number in decimal digits, and for one too large for any file. */
function wholeNumber(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : NaN;
}

const MAX_TEXT_BYTES = 64 * 1024;
/** A tensor of axes or indices, with its name. */
const FEW_BYTES = 1024;

class GraphReader {
  readonly graph: ModelGraph = {
    opsets: new Map(),
    operators: new Map(),
    nodes: [],
    inputs: [],
    outputs: [],
    initializers: [],
  };
  readonly #window: Window;

  constructor(file: FileHandle) {
    this.#window = new Window(file);
  }

  async model(size: number): Promise<void> {
    for await (const field of fields(this.#window, 0, size)) {
      if (field.number === MODEL.opsetImport) await this.#opset(field);
      else if (field.number === MODEL.graph) await this.#graph({ ...field, end: Math.min(field.end, size) });
    }
  }

  async #graph(graph: Field): Promise<void> {
    for await (const field of fields(this.#window, graph.start, graph.end)) {
      if (field.number === GRAPH.node) await this.#node(field);
      else if (field.number === GRAPH.initializer) this.graph.initializers.push(await this.#tensor(field));
      else if (field.number === GRAPH.input) this.graph.inputs.push(await this.#value(field));
      else if (field.number === GRAPH.output) this.graph.outputs.push(await this.#value(field));
    }
  }

  async #opset(opset: Field): Promise<void> {
    let domain = '';
    let version = 0;
    for await (const field of fields(this.#window, opset.start, opset.end)) {
      if (field.number === OPSET.domain) domain = await this.#text(field);
      else if (field.number === OPSET.version) version = await this.#integer(field);
    }
    this.graph.opsets.set(domain === 'ai.onnx' ? '' : domain, version);
  }

  /** Of a node that holds a weight, only what comes before it: its names. */
  async #node({ start, end }: Field): Promise<void> {
    const length = Math.min(end - start, WINDOW_BYTES);
    const node = readNode((await this.#window.at(start, length)).subarray(0, length));
    this.graph.nodes.push(node);
    this.graph.operators.set(node.operator, (this.graph.operators.get(node.operator) ?? 0) + 1);
  }

  async #tensor(tensor: Field): Promise<StoredTensor> {
    const few = tensor.end - tensor.start <= FEW_BYTES ? tensorIntegers(await this.#bytes(tensor)) : undefined;
    const none = { raw: undefined, external: undefined };
    const found: StoredTensor = { name: '', dims: [], dataType: 0, ...none, integers: few };
    for await (const field of fields(this.#window, tensor.start, tensor.end)) {
      if (field.number === TENSOR.dims) found.dims.push(...(await this.#integers(field)));
      else if (field.number === TENSOR.dataType) found.dataType = await this.#integer(field);
      else if (field.number === TENSOR.name) found.name = await this.#text(field);
      else if (field.number === TENSOR.rawData) found.raw = { start: field.start, bytes: field.end - field.start };
      else if (field.number === TENSOR.externalData) found.external = await this.#external(field, found.external);
    }
    return found;
  }

  async #external(entry: Field, before: ExternalData | undefined): Promise<ExternalData> {
    let key = '';
    let value = '';
    for await (const field of fields(this.#window, entry.start, entry.end)) {
      if (field.number === ENTRY.key) key = await this.#text(field);
      else if (field.number === ENTRY.value) value = await this.#text(field);
    }
    const external = before ?? { location: '', offset: 0, length: undefined };
    if (key === 'location') return { ...external, location: value };
    if (key === 'offset') return { ...external, offset: wholeNumber(value) };
    return key === 'length' ? { ...external, length: wholeNumber(value) } : external;
  }

  async #value(value: Field): Promise<GraphValue> {
    const found: GraphValue = { name: '', dims: [] };
    for await (const field of fields(this.#window, value.start, value.end)) {
      if (field.number === VALUE.name) found.name = await this.#text(field);
      else if (field.number === VALUE.type) found.dims = await this.#dims(field);
    }
    return found;
  }

  async #dims(type: Field): Promise<(number | undefined)[]> {
    const dims: (number | undefined)[] = [];
    for await (const tensor of fields(this.#window, type.start, type.end)) {
      if (tensor.number !== TYPE_TENSOR || tensor.wire !== LENGTH_DELIMITED) continue;
      for await (const shape of fields(this.#window, tensor.start, tensor.end)) {
        if (shape.number !== TENSOR_SHAPE || shape.wire !== LENGTH_DELIMITED) continue;
        for await (const dim of fields(this.#window, shape.start, shape.end)) {
          if (dim.number === SHAPE_DIM) dims.push(await this.#dimension(dim));
        }
      }
    }
    return dims;
  }

  async #dimension(dim: Field): Promise<number | undefined> {
    for await (const field of fields(this.#window, dim.start, dim.end)) {
      if (field.number === DIM_VALUE) return await this.#integer(field);
    }
    return undefined;
  }

  async #bytes({ start, end }: Field): Promise<Buffer> {
    const length = Math.min(end - start, MAX_TEXT_BYTES);
    return (await this.#window.at(start, length)).subarray(0, length);
  }

  async #text(field: Field): Promise<string> {
    return field.wire === LENGTH_DELIMITED ? (await this.#bytes(field)).toString('utf8') : '';
  }

  async #integer(field: Field): Promise<number> {
    return (await this.#integers(field))[0] ?? 0;
  }

  /** One varint, or a packed list of them. */
  async #integers(field: Field): Promise<number[]> {
    const bytes = await this.#bytes(field);
    const values: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const next = varint(bytes, at);
      if (!next) break;
      values.push(next[0]);
      at = next[1];
    }
    return values;
  }
}

/** Reads an ONNX file's structure; empty for what is not an ONNX file: the runtime says that better. */
export async function readOnnxGraph(path: string): Promise<ModelGraph> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const reader = new GraphReader(file);
    await reader.model((await file.stat()).size);
    return reader.graph;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    await file?.close();
  }
}
