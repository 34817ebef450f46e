import type { OnnxNode } from './onnx-node';

/** Weights outside the ONNX file, as the file states them. */
export interface ExternalData {
  location: string;
  /** NaN, as `length`, for what is no whole number. */
  offset: number;
  /** Undefined where the file does not say: to the end. */
  length: number | undefined;
}

export interface StoredTensor {
  name: string;
  dims: number[];
  /** TensorProto.DataType: 1 float, 2 uint8, 3 int8, … */
  dataType: number;
  /** Where its bytes lie in the ONNX file; undefined where they are external or not raw. */
  raw: { start: number; bytes: number } | undefined;
  external: ExternalData | undefined;
  /** Its elements, where they are few integers: axes and indices. */
  integers: number[] | undefined;
}

/** Values that the tensors hold, whatever their types. */
export function elementCount(tensors: readonly StoredTensor[]): number {
  return tensors.reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * size, 1), 0);
}

export interface GraphValue {
  name: string;
  /** Undefined for a dimension without a fixed size. */
  dims: (number | undefined)[];
}

/**
 * What a file of weights says of itself, the weights left out: an ONNX file, whose subgraphs are not looked into, or
 * safetensors, which have tensors alone.
 */
export interface ModelGraph {
  /** Domain ('' is the standard's own) → version. */
  opsets: Map<string, number>;
  /** `domain:operator`, or `operator` of the standard's own domain → how many nodes. */
  operators: Map<string, number>;
  /** In the file's order, which is one that they can run in. */
  nodes: OnnxNode[];
  inputs: GraphValue[];
  outputs: GraphValue[];
  initializers: StoredTensor[];
}
