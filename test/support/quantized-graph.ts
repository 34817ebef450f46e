import { ELEMENT, int } from './onnx-model';
import { modelProto } from './onnx-schema';

// A float graph's linear layers and word vectors with 8 bits a weight, as the tools write them.

/** The operators that a linear layer becomes; `float`: one of the floats that the integers stand for. */
export type Form =
  | 'float'
  | 'MatMulInteger'
  | 'MatMulIntegerToFloat'
  | 'DynamicQuantizeMatMul'
  | 'DequantizeLinear'
  | 'DequantizeLinear of all'
  | 'QuantizeLinear of weights'
  | 'QLinearMatMul'
  | 'MatMulNBits';

export interface Recipe {
  form: Form;
  weights: 'uint8' | 'int8';
  perChannel: boolean;
  /** Around zero, so that all zero points are those of the middle. */
  symmetric: boolean;
}

interface Node {
  opType: string;
  input: string[];
  output: string[];
  domain?: string;
  attribute?: object[];
}
interface Initializer {
  name: string;
  dims: unknown[];
  dataType: number;
  rawData: Uint8Array;
}
interface Graph {
  node: Node[];
  initializer: Initializer[];
}

const TYPE = { uint8: { dataType: 2, low: 0, high: 255 }, int8: { dataType: 3, low: -128, high: 127 } } as const;
const MICROSOFT = 'com.microsoft';
/** Of activations where they are quantised without being looked at: they are within ±8. */
const STATIC_SCALE = 8 / 127;
/** Rows that share a scale, and what stands for zero, in four bits. */
const BLOCK = 32;
const MIDDLE = 8;

const floatsOf = ({ rawData }: Initializer): Float32Array => new Float32Array(new Uint8Array(rawData).buffer);
const bytesOf = (values: Float32Array | Uint8Array | Int8Array): Uint8Array => new Uint8Array(values.buffer);

/** [rows][columns] */
interface Matrix {
  rows: number;
  columns: number;
  at: (row: number, column: number) => number;
}

/** With one scale and zero point for the whole, or for each column (quantize_dynamic's formulas). */
class Integers {
  readonly scales: Float32Array;
  readonly zeros: Uint8Array | Int8Array;
  readonly values: Uint8Array | Int8Array;

  constructor(
    private readonly matrix: Matrix,
    { weights, perChannel, symmetric }: Recipe,
  ) {
    const { low, high } = TYPE[weights];
    const array = (length: number) => (weights === 'uint8' ? new Uint8Array(length) : new Int8Array(length));
    const { rows, columns, at } = matrix;
    const groups = perChannel ? columns : 1;
    this.scales = new Float32Array(groups);
    this.zeros = array(groups);
    this.values = array(rows * columns);
    for (let group = 0; group < groups; group++) {
      const chosen = perChannel ? [group] : Array.from({ length: columns }, (_, column) => column);
      const all = chosen.flatMap((column) => Array.from({ length: rows }, (_, row) => at(row, column)));
      const most = all.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const [least, largest] = symmetric
        ? [-most, most]
        : [all.reduce((a, b) => Math.min(a, b), 0), all.reduce((a, b) => Math.max(a, b), 0)];
      this.scales[group] = (largest - least) / (high - low);
      this.zeros[group] = Math.round(low - least / this.scales[group]!);
    }
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const group = perChannel ? column : 0;
        const value = Math.round(at(row, column) / this.scales[group]!) + this.zeros[group]!;
        this.values[row * columns + column] = Math.min(high, Math.max(low, value));
      }
    }
  }

  floats(): Float32Array {
    const { columns } = this.matrix;
    return Float32Array.from(this.values, (value, i) => {
      const group = this.scales.length === 1 ? 0 : i % columns;
      return (value - this.zeros[group]!) * this.scales[group]!;
    });
  }
}

class Quantizer {
  readonly #initializers = new Map<string, Initializer>();
  readonly #nodes: Node[] = [];
  #count = 0;

  constructor(
    private readonly graph: Graph,
    private readonly recipe: Recipe,
  ) {
    for (const each of graph.initializer) this.#initializers.set(each.name, each);
  }

  run(): void {
    const transposed = new Map(
      this.graph.node
        .filter(({ opType }) => opType === 'Transpose')
        .map(({ input, output }) => [output[0]!, input[0]!]),
    );
    for (const each of this.graph.node) {
      const weight = this.#initializers.get(transposed.get(each.input[1] ?? '') ?? '');
      if (each.opType === 'MatMul' && weight) this.#product(each, weight);
      else if (each.opType === 'Gather' && /word_embeddings/.test(each.input[0]!)) this.#words(each);
      else this.#nodes.push(each);
    }
    const used = new Set(this.#nodes.flatMap(({ input }) => input));
    this.graph.node = this.#nodes.filter(({ opType, output }) => opType !== 'Transpose' || used.has(output[0]!));
    this.graph.initializer = [...this.#initializers.values()].filter(({ name }) => used.has(name));
  }

  #add(opType: string, input: string[], output: string[], more: Partial<Node> = {}): void {
    this.#nodes.push({ opType, input, output, ...more });
  }

  #store(name: string, dataType: number, dims: number[], rawData: Uint8Array): string {
    this.#initializers.set(name, { name, dataType, dims, rawData });
    return name;
  }

  /** Names of the integers, their scales and their zero points. */
  #integers(name: string, matrix: Matrix, recipe: Recipe): [string, string, string, Integers] {
    const made = new Integers(matrix, recipe);
    const { dataType } = TYPE[recipe.weights];
    const groups = recipe.perChannel ? [matrix.columns] : [];
    return [
      this.#store(`${name}_quantized`, dataType, [matrix.rows, matrix.columns], bytesOf(made.values)),
      this.#store(`${name}_scale`, ELEMENT.float, groups, bytesOf(made.scales)),
      this.#store(`${name}_zero_point`, dataType, groups, bytesOf(made.zeros)),
      made,
    ];
  }

  #product({ input: [x], output: [y] }: Node, weight: Initializer): void {
    const [columns, rows] = weight.dims.map(Number) as [number, number];
    const values = floatsOf(weight);
    // The bias tells its name: an exporter has folded the transposition and forgotten it.
    const name = `onnx::MatMul_${this.#count++}`;
    const matrix = { rows, columns, at: (row: number, column: number) => values[column * rows + row]! };
    if (this.recipe.form === 'MatMulNBits') {
      this.#fourBits(name, x!, matrix, y!);
      return;
    }
    const [w, scale, zero, integers] = this.#integers(name, matrix, this.recipe);
    const make: Record<Exclude<Form, 'MatMulNBits'>, () => void> = {
      float: () => {
        this.#add('MatMul', [x!, this.#store(name, ELEMENT.float, [rows, columns], bytesOf(integers.floats()))], [y!]);
      },
      MatMulInteger: () => {
        const [xq, xs, xz] = this.#dynamic(name, x!);
        this.#add('MatMulInteger', [xq, w, xz, zero], [`${name}_sums`]);
        this.#add('Cast', [`${name}_sums`], [`${name}_floats`], { attribute: [int('to', ELEMENT.float)] });
        this.#add('Mul', [xs, scale], [`${name}_scales`]);
        this.#add('Mul', [`${name}_floats`, `${name}_scales`], [y!]);
      },
      MatMulIntegerToFloat: () => {
        const [xq, xs, xz] = this.#dynamic(name, x!);
        this.#add('MatMulIntegerToFloat', [xq, w, xs, scale, xz, zero], [y!], { domain: MICROSOFT });
      },
      DynamicQuantizeMatMul: () => {
        this.#add('DynamicQuantizeMatMul', [x!, w, scale, zero], [y!], { domain: MICROSOFT });
      },
      DequantizeLinear: () => {
        this.#dequantize(w, scale, zero, `${name}_floats`);
        this.#add('MatMul', [x!, `${name}_floats`], [y!]);
      },
      'DequantizeLinear of all': () => {
        const [xq, xs, xz] = this.#static(name, x!);
        this.#add('DequantizeLinear', [xq, xs, xz], [`${name}_x`]);
        this.#dequantize(w, scale, zero, `${name}_floats`);
        this.#add('MatMul', [`${name}_x`, `${name}_floats`], [y!]);
      },
      'QuantizeLinear of weights': () => {
        const floats = this.#store(name, ELEMENT.float, [rows, columns], bytesOf(integers.floats()));
        this.#add('QuantizeLinear', [floats, scale, zero], [`${name}_again`], { attribute: [int('axis', 1)] });
        this.#dequantize(`${name}_again`, scale, zero, `${name}_floats`);
        this.#add('MatMul', [x!, `${name}_floats`], [y!]);
      },
      QLinearMatMul: () => {
        const [xq, xs, xz] = this.#static(name, x!);
        this.#add('QLinearMatMul', [xq, xs, xz, w, scale, zero, xs, xz], [`${name}_yq`]);
        this.#add('DequantizeLinear', [`${name}_yq`, xs, xz], [y!]);
      },
    };
    make[this.recipe.form]();
  }

  #dynamic(name: string, x: string): [string, string, string] {
    const made: [string, string, string] = [`${name}_xq`, `${name}_xs`, `${name}_xz`];
    this.#add('DynamicQuantizeLinear', [x], made);
    return made;
  }

  #static(name: string, x: string): [string, string, string] {
    const scale = this.#store('x_scale', ELEMENT.float, [], bytesOf(Float32Array.of(STATIC_SCALE)));
    const zero = this.#store('x_zero_point', TYPE.uint8.dataType, [], Uint8Array.of(128));
    this.#add('QuantizeLinear', [x, scale, zero], [`${name}_xq`]);
    return [`${name}_xq`, scale, zero];
  }

  #dequantize(w: string, scale: string, zero: string, output: string): void {
    this.#add('DequantizeLinear', [w, scale, zero], [output], { attribute: [int('axis', 1)] });
  }

  #words({ input: [table, ids], output: [y] }: Node): void {
    const stored = this.#initializers.get(table!)!;
    const [rows, columns] = stored.dims.map(Number) as [number, number];
    const values = floatsOf(stored);
    const matrix = { rows, columns, at: (row: number, column: number) => values[row * columns + column]! };
    const perTensor = { ...this.recipe, perChannel: false };
    const [w, scale, zero, integers] = this.#integers(table!, matrix, perTensor);
    if (this.recipe.form === 'float') {
      this.#add(
        'Gather',
        [this.#store(table!, ELEMENT.float, [rows, columns], bytesOf(integers.floats())), ids!],
        [y!],
      );
      return;
    }
    this.#add('Gather', [w, ids!], [`${y!}_quantized`]);
    this.#add('DequantizeLinear', [`${y!}_quantized`, scale, zero], [y!]);
  }

  /** com.microsoft's MatMulNBits: [columns][blocks of rows][two weights a byte]. */
  #fourBits(name: string, x: string, { rows, columns, at }: Matrix, y: string): void {
    const blocks = rows / BLOCK;
    const scales = new Float32Array(columns * blocks);
    const packed = new Uint8Array((columns * rows) / 2);
    for (let i = 0; i < scales.length; i++) {
      const [column, first] = [Math.floor(i / blocks), (i % blocks) * BLOCK];
      const block = Array.from({ length: BLOCK }, (_, k) => at(first + k, column));
      scales[i] = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / (MIDDLE - 1);
      block.forEach((value, k) => {
        packed[(i * BLOCK + k) >> 1]! |= (Math.round(value / scales[i]!) + MIDDLE) << (4 * (k % 2));
      });
    }
    const w = this.#store(`${name}_Q4`, TYPE.uint8.dataType, [columns, blocks, BLOCK / 2], packed);
    const scale = this.#store(`${name}_scales`, ELEMENT.float, [columns * blocks], bytesOf(scales));
    const sizes = { K: rows, N: columns, bits: 4, block_size: BLOCK };
    const attribute = Object.entries(sizes).map(([key, value]) => int(key, value));
    this.#add('MatMulNBits', [x, w, scale], [y], { domain: MICROSOFT, attribute });
  }
}

/** `model` as `tinyBertGraph` makes it. */
export function quantizedGraph(model: Uint8Array, recipe: Recipe): Uint8Array {
  const decoded = modelProto.decode(model) as unknown as { graph: Graph; opsetImport: object[] };
  new Quantizer(decoded.graph, recipe).run();
  decoded.opsetImport.push({ domain: MICROSOFT, version: 1 });
  return modelProto.encode(modelProto.fromObject(decoded)).finish();
}
