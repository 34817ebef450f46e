import { ELEMENT, float, int, ints, node, tensor, type Ending, type GraphNode, type Initializer } from './onnx-model';
import { modelProto } from './onnx-schema';
import { quantised, type QuantisedForm } from './quantised-weights';
import { EPSILON, HEADS, HIDDEN, LAYERS, tinyBertTensors, type TinyBert } from './tiny-bert';

const DATA_TYPE = { F32: ELEMENT.float, F16: ELEMENT.float16, BF16: ELEMENT.bfloat16 } as const;

/** How a graph is exported, where not as PyTorch's exporter does. */
export interface GraphForm {
  /** Of [batch, tokens]; default: any. */
  inputShape?: [number | string, number | string];
  /** Of its inputs. Default `int64`. */
  ids?: 'int64' | 'int32';
  /** Without the input token_type_ids: every token has type 0. */
  dropsTypes?: boolean;
  /** Linear layers as a dynamic quantisation of it writes them. */
  quantised?: QuantisedForm;
}

/** BERT's and RoBERTa's formulas (those of transformers' modeling files) as ONNX operators, for a row without padding. */
class Builder {
  readonly nodes: GraphNode[] = [];
  readonly initializers: Initializer[] = [];
  #count = 0;

  /** Where a quantised graph has its linear layers' weights from. */
  readonly #tensors: Map<string, { shape: number[]; bytes: Buffer }>;

  constructor(
    private readonly sizes: TinyBert,
    private readonly form: GraphForm,
  ) {
    this.#tensors = new Map(tinyBertTensors(sizes).map((tensor) => [tensor.name, tensor]));
  }

  /** An input of the graph, as int64. */
  input(name: string): string {
    return this.form.ids === 'int32' ? this.add('Cast', [name], int('to', ELEMENT.int64)) : name;
  }

  add(opType: string, inputs: string[], ...attributes: object[]): string {
    const output = `${opType}_${this.#count++}`;
    this.nodes.push(node(opType, inputs, output, attributes));
    return output;
  }

  number(value: number): string {
    const name = `number_${this.#count++}`;
    this.initializers.push({ name, dims: [], dataType: ELEMENT.float, floatData: [value] });
    return name;
  }

  integers(values: number[]): string {
    const name = `integers_${this.#count++}`;
    this.initializers.push({ name, dims: [values.length], dataType: ELEMENT.int64, int64Data: values });
    return name;
  }

  linear(name: string, x: string): string {
    if (this.form.quantised) return this.#quantisedLinear(name, x, this.form.quantised);
    const weight = this.add('Transpose', [`${name}.weight`], ints('perm', [1, 0]));
    return this.add('Add', [this.add('MatMul', [x, weight]), `${name}.bias`]);
  }

  /** As onnxruntime.quantization.quantize_dynamic writes it: integers times integers, then their scales. */
  #quantisedLinear(name: string, x: string, form: QuantisedForm): string {
    const { initializers, scale, zeroPoint, weight } = quantised(name, this.#tensors.get(`${name}.weight`)!, form);
    this.initializers.push(...initializers);
    const quantisedRow = `quantised_${this.#count++}`;
    const parts = [quantisedRow, `${quantisedRow}_scale`, `${quantisedRow}_zero`] as const;
    this.nodes.push({ ...node('DynamicQuantizeLinear', [x], quantisedRow), output: parts });
    const integers = this.add('MatMulInteger', [parts[0], weight, parts[2], zeroPoint]);
    const floats = this.add('Cast', [integers], int('to', ELEMENT.float));
    const scaled = this.add('Mul', [floats, this.add('Mul', [parts[1], scale])]);
    return this.add('Add', [scaled, `${name}.bias`]);
  }

  norm(name: string, x: string): string {
    const parts = [x, `${name}.weight`, `${name}.bias`];
    return this.add('LayerNormalization', parts, int('axis', -1), float('epsilon', this.sizes.epsilon ?? EPSILON));
  }

  /** 0, 1, 2, … */
  bertPositions(): string {
    return this.add('Sub', [
      this.add('CumSum', [this.input('attention_mask'), this.integers([1])]),
      this.integers([1]),
    ]);
  }

  /** 2, 3, 4, …; a padding token, which a text may name, has position 1 and is not counted. */
  robertaPositions(): string {
    const isPadding = this.add('Equal', [this.input('input_ids'), this.integers([1])]);
    const isText = this.add('Cast', [this.add('Not', [isPadding])], int('to', ELEMENT.int64));
    const count = this.add('Mul', [this.add('CumSum', [isText, this.integers([1])]), isText]);
    return this.add('Add', [count, this.integers([1])]);
  }

  /** As many as there are tokens. */
  zeros(): string {
    const ids = this.input('input_ids');
    return this.add('Sub', [ids, ids]);
  }

  embeddings(name: string, positions: string): string {
    const words = this.add('Gather', [`${name}.word_embeddings.weight`, this.input('input_ids')]);
    const places = this.add('Gather', [`${name}.position_embeddings.weight`, positions]);
    const typeIds = this.form.dropsTypes ? this.zeros() : this.input('token_type_ids');
    const types = this.add('Gather', [`${name}.token_type_embeddings.weight`, typeIds]);
    return this.norm(`${name}.LayerNorm`, this.add('Add', [this.add('Add', [words, places]), types]));
  }

  #heads(x: string, order: number[]): string {
    const split = this.add('Reshape', [x, this.integers([0, 0, HEADS, HIDDEN / HEADS])]);
    return this.add('Transpose', [split], ints('perm', order));
  }

  attention(name: string, x: string): string {
    const query = this.#heads(this.linear(`${name}.query`, x), [0, 2, 1, 3]);
    const key = this.#heads(this.linear(`${name}.key`, x), [0, 2, 3, 1]);
    const value = this.#heads(this.linear(`${name}.value`, x), [0, 2, 1, 3]);
    const scores = this.add('Div', [this.add('MatMul', [query, key]), this.number(Math.sqrt(HIDDEN / HEADS))]);
    const context = this.add('MatMul', [this.add('Softmax', [scores], int('axis', -1)), value]);
    const merged = this.add('Transpose', [context], ints('perm', [0, 2, 1, 3]));
    return this.add('Reshape', [merged, this.integers([0, 0, HIDDEN])]);
  }

  gelu(x: string): string {
    const erf = this.add('Erf', [this.add('Div', [x, this.number(Math.SQRT2)])]);
    return this.add('Mul', [this.add('Mul', [x, this.number(0.5)]), this.add('Add', [erf, this.number(1)])]);
  }

  layer(name: string, x: string): string {
    const attended = this.linear(`${name}.attention.output.dense`, this.attention(`${name}.attention.self`, x));
    const middle = this.norm(`${name}.attention.output.LayerNorm`, this.add('Add', [attended, x]));
    const wide = this.gelu(this.linear(`${name}.intermediate.dense`, middle));
    return this.norm(`${name}.output.LayerNorm`, this.add('Add', [this.linear(`${name}.output.dense`, wide), middle]));
  }

  head(dense: string, classifier: string, x: string): void {
    const first = this.add('Gather', [x, this.integers([0])], int('axis', 1));
    const pooled = this.add('Tanh', [this.linear(dense, first)]);
    this.nodes.push(node('Squeeze', [this.linear(classifier, pooled), this.integers([1])], 'logits'));
  }

  /** Weights of 16 bits become float32 by the runtime's own Cast. */
  weights(sizes: TinyBert): void {
    const { element = 'F32' } = sizes;
    for (const { name, shape, bytes } of tinyBertTensors(sizes)) {
      const isFloat = element === 'F32';
      const initializer = { dims: shape, dataType: DATA_TYPE[element], rawData: bytes };
      this.initializers.push({ ...initializer, name: isFloat ? name : `${name}.stored` });
      if (!isFloat) this.nodes.push(node('Cast', [`${name}.stored`], name, [int('to', ELEMENT.float)]));
    }
  }
}

/** The same model as an ONNX graph in float32; with `ending`, what that makes of it. */
export function tinyBertGraph(sizes: TinyBert = {}, ending?: Ending, form: GraphForm = {}): Uint8Array {
  const { family = 'bert', labels = 1 } = sizes;
  const isBert = family === 'bert';
  const prefix = isBert ? 'bert' : 'roberta';
  const graph = new Builder(sizes, form);
  graph.weights(sizes);
  let x = graph.embeddings(`${prefix}.embeddings`, isBert ? graph.bertPositions() : graph.robertaPositions());
  for (let i = 0; i < LAYERS; i++) x = graph.layer(`${prefix}.encoder.layer.${i}`, x);
  if (isBert) graph.head('bert.pooler.dense', 'classifier', x);
  else graph.head('classifier.dense', 'classifier.out_proj', x);
  const inputs = ['input_ids', 'attention_mask', ...(form.dropsTypes ? [] : ['token_type_ids'])];
  const { ids = 'int64', inputShape = ['batch', 'tokens'] } = form;
  const nodes = [...graph.nodes, ...(ending?.nodes ?? [])];
  // Of a quantised layer not its float weights too.
  const used = new Set(nodes.flatMap((each) => each.input));
  const initializers = [...graph.initializers, ...(ending?.initializers ?? [])].filter(({ name }) => used.has(name));
  const model = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: family,
      node: nodes,
      initializer: initializers,
      input: inputs.map((name) => tensor(name, ids, inputShape)),
      output: [ending ? tensor('scores', 'float', ending.shape) : tensor('logits', 'float', ['batch', labels])],
    },
  };
  return modelProto.encode(modelProto.fromObject(model)).finish();
}
