import { includesOf, nativeEdges, nativeFiles, typescriptEdges } from './imports';
import { readArchitecture } from './picture';
import { loop, undrawn, unused } from './rules';

const picture = readArchitecture();
const edges = [...typescriptEdges(), ...nativeEdges()];

/** The files of native/ outside `folder` that include a header of this name. */
function strangers(header: RegExp, folder: string): string[] {
  return nativeFiles().filter(
    (file) => !file.startsWith(`${folder}/`) && includesOf(file).some((name) => header.test(name)),
  );
}

describe('imports between folders', () => {
  it('are all drawn in docs/architecture.md', () => {
    expect(undrawn(edges, picture)).toEqual([]);
  });

  it('are all that docs/architecture.md draws', () => {
    expect(unused(edges, picture)).toEqual([]);
  });

  it('start and end at places that docs/architecture.md names, and it names no others', () => {
    const real = new Set(edges.flatMap(({ from, to }) => [from, to]));
    expect([...real].sort()).toEqual([...picture.places].sort());
  });

  it('never come back to where they started', () => {
    expect(loop(edges)).toEqual([]);
  });

  it('that are not drawn are found: a new edge, one from a leaf, a loop of two and of three', () => {
    const file = 'src/rank.ts';
    const drawn = [...picture.edges].map((edge) => edge.split(' -> ') as [string, string]);
    const [from, to] = drawn[0]!;
    const [leaf] = picture.leaves;
    expect(undrawn([{ from: to, to: from, file }], picture)).toHaveLength(1);
    expect(undrawn([{ from: leaf!, to, file }], picture)).toHaveLength(1);
    expect(loop([...edges, { from: to, to: from, file }])).not.toEqual([]);
    const next = drawn.find(([start]) => start === to);
    expect(next).toBeDefined();
    expect(loop([...edges, { from: next![1], to: from, file }])).not.toEqual([]);
  });
});

describe('foreign headers', () => {
  it("Node-API's are included in native/binding alone", () => {
    expect(strangers(/^(napi|node_api)\.h$/, 'native/binding')).toEqual([]);
  });

  it("ONNX Runtime's is included in native/onnxruntime alone", () => {
    expect(strangers(/onnxruntime_c_api\.h$/, 'native/onnxruntime')).toEqual([]);
  });
});
