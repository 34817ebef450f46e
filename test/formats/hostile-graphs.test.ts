import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readEnd } from '../../src/checks/graph-end';
import { readOnnxGraph } from '../../src/formats/onnx-graph';
import { bytesField } from '../../src/formats/protobuf-writer';
import { temporaryFolder } from '../support/temporary-folder';

// Graphs that no exporter writes and no runtime runs, but that a stranger's file may hold: looking for the classifier
// must come to an end, without a stack or a memory for each node, and say what is wrong.

const folder = temporaryFolder();

interface Node {
  type: string;
  inputs: string[];
  output: string;
}

function nodeBytes({ type, inputs, output }: Node): Buffer {
  const fields = [...inputs.map((input) => bytesField(1, input)), bytesField(2, output), bytesField(4, type)];
  return bytesField(1, Buffer.concat(fields));
}

async function endOf(nodes: Node[]): Promise<unknown> {
  const graph = Buffer.concat([...nodes.map(nodeBytes), bytesField(12, bytesField(1, 'logits'))]);
  const file = path.join(folder, 'model.onnx');
  await writeFile(file, bytesField(7, graph));
  return readEnd(await readOnnxGraph(file));
}

const chain = (type: string, length: number): Node[] =>
  Array.from({ length }, (_, i) => ({ type, inputs: [`v${i}`], output: i === length - 1 ? 'logits' : `v${i + 1}` }));

test.each([
  ['a node of itself', [{ type: 'Identity', inputs: ['logits'], output: 'logits' }]],
  [
    'two of each other',
    [
      { type: 'Sigmoid', inputs: ['v'], output: 'logits' },
      { type: 'Identity', inputs: ['logits'], output: 'v' },
    ],
  ],
])('%s is no classifier', async (_name, nodes) => {
  await expect(endOf(nodes)).rejects.toThrow("Output 'logits' comes from no classifier of the graph");
});

test.each(['Identity', 'Cast', 'Transpose', 'DequantizeLinear', 'Mul'])(
  'a weight behind 30,000 times %s',
  async (type) => {
    const nodes = chain(type, 30_000).map((node) => (node.output === 'logits' ? { ...node, output: 'w' } : node));
    const product = { type: 'MatMul', inputs: ['x', 'w'], output: 'y' };
    await expect(endOf([...nodes, product, { type: 'Add', inputs: ['y', 'w'], output: 'logits' }])).rejects.toThrow(
      "Output 'logits' comes from",
    );
  },
);

test.each(['Identity', 'Cast', 'Mul'])('an output behind 30,000 times %s', async (type) => {
  await expect(endOf(chain(type, 30_000))).rejects.toThrow("Output 'logits' comes from");
});
