import { tensor } from './onnx-model';
import { modelProto } from './onnx-schema';

interface Graph {
  node: { opType: string; input: string[]; output: string[] }[];
  initializer: { name: string; rawData: Uint8Array; dataLocation?: number; externalData?: object[] }[];
  input: object[];
  output: object[];
}

function edited(model: Uint8Array, change: (graph: Graph) => void): Uint8Array {
  const decoded = modelProto.decode(model) as unknown as { graph: Graph };
  change(decoded.graph);
  return modelProto.encode(modelProto.fromObject(decoded)).finish();
}

/** With these outputs in front of its own. */
export const withOutputs = (model: Uint8Array, outputs: object[]): Uint8Array =>
  edited(model, (graph) => graph.output.unshift(...outputs));

/** With another input [batch, tokens]. */
export const withInput = (model: Uint8Array, name: string): Uint8Array =>
  edited(model, (graph) => graph.input.push(tensor(name, 'int64', ['batch', 'tokens'])));

/** As an exporter names the weights of a module that holds the model as `model`. */
export const inWrapper = (model: Uint8Array): Uint8Array =>
  edited(model, ({ node, initializer }) => {
    const names = new Set(initializer.map(({ name }) => name).filter((name) => /^[a-z]+\./.test(name)));
    const renamed = (name: string) => (names.has(name) ? `model.${name}` : name);
    for (const tensor of initializer) tensor.name = renamed(tensor.name);
    for (const each of node) each.input = each.input.map(renamed);
  });

const EXTERNAL = 1;
/** Smaller tensors stay, as ONNX's own tools leave them. */
const SMALLEST_EXTERNAL = 1024;

/** The same as model.onnx with its weights in a file beside it. */
export function withExternalData(model: Uint8Array, location: string): Record<string, Uint8Array> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const moved = edited(model, ({ initializer }) => {
    for (const each of initializer.filter(({ rawData }) => rawData.length >= SMALLEST_EXTERNAL)) {
      const { length } = each.rawData;
      const places = { location, offset: String(offset), length: String(length) };
      parts.push(each.rawData);
      offset += length;
      each.externalData = Object.entries(places).map(([key, value]) => ({ key, value }));
      each.dataLocation = EXTERNAL;
      each.rawData = new Uint8Array();
    }
  });
  return { 'model.onnx': moved, [location]: Buffer.concat(parts) };
}

/** The value that the last of these operators gives, or takes. */
export function lastOf(model: Uint8Array, operator: string, side: 'input' | 'output' = 'output'): string {
  const { graph } = modelProto.decode(model) as unknown as { graph: Graph };
  return graph.node.findLast(({ opType }) => opType === operator)![side][0]!;
}
