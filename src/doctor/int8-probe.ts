import { bytesField as bytes, integerField as integer } from '../formats/protobuf-writer';

// A model whose logit is the smallest of many int8 dot products that a 16-bit sum cannot hold: 255 · 127, PROBE_DEPTH
// times over. Its products are MatMulInteger over constant weights, as in a dynamically quantised encoder, so the
// runtime packs the weights and chooses the kernel as it does there.

export const PROBE_DEPTH = 64;
const ROWS = 16;
const COLUMNS = 64;
const LARGEST_ACTIVATION = 255;
const LARGEST_WEIGHT = 127;

/** What the probe's logit is where nothing overflows; exact in float32. */
export const PROBE_EXACT = LARGEST_ACTIVATION * LARGEST_WEIGHT * PROBE_DEPTH;

// Numbers of onnx.proto3: messages' fields, TensorProto.DataType, AttributeProto.AttributeType.
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT64 = 7;
const TYPE_INT = 2;
const TYPE_INTS = 7;

const intAttribute = (name: string, value: number) =>
  bytes(5, Buffer.concat([bytes(1, name), integer(3, value), integer(20, TYPE_INT)]));
const axesAttribute = (axes: number[]) =>
  bytes(5, Buffer.concat([bytes(1, 'axes'), ...axes.map((axis) => integer(8, axis)), integer(20, TYPE_INTS)]));

function node(opType: string, inputs: string[], output: string, ...attributes: Buffer[]): Buffer {
  const names = [...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(3, output)];
  return bytes(1, Buffer.concat([...names, bytes(4, opType), ...attributes]));
}

function constant(name: string, dataType: number, dims: number[], data: Uint8Array): Buffer {
  const shape = dims.map((size) => integer(1, size));
  return bytes(5, Buffer.concat([...shape, integer(2, dataType), bytes(8, name), bytes(9, Buffer.from(data))]));
}

function value(field: number, name: string, dataType: number): Buffer {
  const shape = ['batch', 'n'].map((size) => bytes(1, bytes(2, size)));
  const tensor = Buffer.concat([integer(1, dataType), bytes(2, Buffer.concat(shape))]);
  return bytes(field, Buffer.concat([bytes(1, name), bytes(2, bytes(1, tensor))]));
}

const floats = (count: number, of: number) => new Uint8Array(new Float32Array(count).fill(of).buffer);

/** The ONNX file. Its activations come from its input, times zero, so that they are not known before it runs. */
export function int8Probe(): Buffer {
  const graph = [
    node('Cast', ['input_ids'], 'ids', intAttribute('to', FLOAT)),
    node('ReduceSum', ['ids'], 'sum', axesAttribute([0, 1])),
    node('Mul', ['sum', 'zero'], 'nothing'),
    node('Add', ['nothing', 'largest'], 'float_activations'),
    node('Cast', ['float_activations'], 'activations', intAttribute('to', UINT8)),
    node('MatMulInteger', ['activations', 'weights'], 'products'),
    node('Cast', ['products'], 'float_products', intAttribute('to', FLOAT)),
    node('ReduceMin', ['float_products'], 'logits', axesAttribute([0, 1])),
    bytes(2, 'int8-probe'),
    constant('zero', FLOAT, [1, 1], floats(1, 0)),
    constant('largest', FLOAT, [ROWS, PROBE_DEPTH], floats(ROWS * PROBE_DEPTH, LARGEST_ACTIVATION)),
    constant('weights', INT8, [PROBE_DEPTH, COLUMNS], new Uint8Array(PROBE_DEPTH * COLUMNS).fill(LARGEST_WEIGHT)),
    value(11, 'input_ids', INT64),
    value(12, 'logits', FLOAT),
  ];
  const irVersion = integer(1, 7);
  const opset = bytes(8, integer(2, 11));
  return Buffer.concat([irVersion, bytes(7, Buffer.concat(graph)), opset]);
}
