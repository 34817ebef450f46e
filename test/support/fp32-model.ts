import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minilmFolder } from './models';
import { modelProto } from './onnx-schema';
import { temporaryFolder } from './temporary-folder';

interface Tensor {
  name: string;
  dims: unknown[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  rawData: Uint8Array;
}
interface Node {
  opType: string;
  name: string;
  input: string[];
  output: string[];
  attribute: object[];
  domain: string;
}
interface Graph {
  node: Node[];
  initializer: Tensor[];
  output: { name: string }[];
}

/** The shape of cross-encoder/ms-marco-MiniLM-L-12-v2, which the fetched config.json does not state. */
const SHAPE = {
  hidden_size: 384,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 1536,
  hidden_act: 'gelu',
  type_vocab_size: 2,
  vocab_size: 30522,
  layer_norm_eps: 1e-12,
};

const FLOAT = 1;
const UINT8 = 2;

const view = ({ rawData: b }: Tensor): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

function floats(tensor: Tensor): number[] {
  if (tensor.rawData.length === 0) return tensor.floatData;
  return Array.from({ length: tensor.rawData.length / 4 }, (_, i) => view(tensor).getFloat32(4 * i, true));
}

/** The bytes as the tensor means them: unsigned or signed. */
function integers(tensor: Tensor): Uint8Array | Int8Array {
  const { rawData: b, int32Data, dataType } = tensor;
  const bytes = b.length > 0 ? b : Uint8Array.from(int32Data);
  return dataType === UINT8 ? bytes : new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A dynamically quantised graph (onnxruntime.quantization.quantize_dynamic) rewritten as the float32 one it came from. */
class Dequantizer {
  readonly #graph: Graph;
  readonly #tensors: Map<string, Tensor>;
  readonly #producer = new Map<string, Node>();
  readonly #replaced = new Set<Node>();
  readonly #consumer = new Map<string, Node>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    for (const node of graph.node) {
      for (const name of node.output) this.#producer.set(name, node);
      for (const name of node.input) this.#consumer.set(name, node);
    }
  }

  run(): void {
    const nodes = this.#graph.node.map((node) => {
      if (node.opType === 'MatMulInteger') return this.#product(node);
      return node.opType === 'DequantizeLinear' ? this.#lookUp(node) : node;
    });
    this.#graph.node = this.#live(nodes.filter((node) => !this.#replaced.has(node)));
    const used = new Set(this.#graph.node.flatMap(({ input }) => input));
    this.#graph.initializer = [...this.#tensors.values()].filter(({ name }) => used.has(name));
  }

  /** MatMul in place of quantise, MatMulInteger, Cast, Mul. */
  #product(integerProduct: Node): Node {
    const [quantized = '', weights = ''] = integerProduct.input;
    const cast = this.#consumer.get(integerProduct.output[0] ?? '');
    const scaled = this.#consumer.get(cast?.output[0] ?? '');
    if (scaled) this.#replaced.add(scaled);
    const activations = this.#producer.get(quantized)?.input[0] ?? '';
    return this.#node('MatMul', [activations, this.#dequantized(weights)], scaled?.output ?? []);
  }

  /** Gather of float rows in place of Gather of integer rows, DequantizeLinear. */
  #lookUp(dequantize: Node): Node {
    const gather = this.#producer.get(dequantize.input[0] ?? '');
    const [table = '', indices = ''] = gather?.input ?? [];
    return this.#node('Gather', [this.#dequantized(table), indices], dequantize.output);
  }

  #node(opType: string, input: string[], output: string[]): Node {
    return { opType, name: output[0] ?? '', input, output, attribute: [], domain: '' };
  }

  /** Makes NAME of NAME_quantized, NAME_scale and NAME_zero_point; scales are one a tensor or one a column. */
  #dequantized(quantized: string): string {
    const base = quantized.replace(/_quantized$/, '');
    const part = (suffix: string) => {
      const found = this.#tensors.get(base + suffix);
      if (!found) throw new Error(`the graph has no ${base}${suffix}`);
      return found;
    };
    const scales = floats(part('_scale'));
    const zeros = integers(part('_zero_point'));
    const steps = integers(part('_quantized'));
    const values = Float32Array.from(
      steps,
      (step, i) => (step - zeros[i % zeros.length]!) * scales[i % scales.length]!,
    );
    const { dims } = part('_quantized');
    const rawData = new Uint8Array(values.buffer);
    this.#tensors.set(base, { name: base, dims, dataType: FLOAT, floatData: [], int32Data: [], rawData });
    return base;
  }

  /** Those that an output needs. */
  #live(nodes: Node[]): Node[] {
    const wanted = new Set(this.#graph.output.map(({ name }) => name));
    const live: Node[] = [];
    for (const node of [...nodes].reverse()) {
      if (!node.output.some((name) => wanted.delete(name))) continue;
      live.push(node);
      for (const name of node.input) wanted.add(name);
    }
    return live.reverse();
  }
}

/**
 * A folder with the MiniLM's weights in float32, as an ONNX graph without any quantised arithmetic: what our own kernels
 * start from, and what ONNX Runtime runs as their truth.
 */
export function fp32MinilmFolder(): string {
  const folder = temporaryFolder();
  const source = minilmFolder();
  const model = modelProto.decode(readFileSync(join(source, 'model.onnx'))) as unknown as { graph: Graph };
  new Dequantizer(model.graph).run();
  mkdirSync(join(folder, 'onnx'));
  writeFileSync(join(folder, 'onnx', 'model.onnx'), modelProto.encode(modelProto.fromObject(model)).finish());
  const config = JSON.parse(readFileSync(join(source, 'config.json'), 'utf8')) as object;
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...SHAPE }));
  copyFileSync(join(source, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  return folder;
}
