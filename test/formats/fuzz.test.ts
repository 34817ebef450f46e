import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { EndNotUnderstood, readEnd } from '../../src/checks/graph-end';
import { RerankError } from '../../src/errors';
import { isQuantized } from '../../src/formats/onnx-quantized';
import { bytesField, integerField } from '../../src/formats/protobuf-writer';
import { readWeightsGraph } from '../../src/formats/weights-graph';
import { guardJson, MAX_KEYS } from '../../src/serving/body/json-guard';
import { Failure } from '../../src/serving/failure';
import { temporaryFolder } from '../support/temporary-folder';

// TypeScript's own readers on what nobody checked: they give something or say what is wrong, in an Error of ours.
// FUZZ_RUNS=1000000 npx jest test/formats/fuzz is the long run.
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 300);
const folder = temporaryFolder();

const NAMES = ['x', 'y', 'logits', 'w', 'b', '', 'classifier.weight', 'axes'];
const OPERATORS = [
  ...['Identity', 'Cast', 'Transpose', 'DequantizeLinear', 'QuantizeLinear', 'Add', 'Mul', 'MatMul', 'MatMulInteger'],
  ...['Gemm', 'Gather', 'Slice', 'Squeeze', 'Sigmoid', 'Softmax', 'Constant', 'Flatten'],
];
const name = fc.constantFrom(...NAMES);
/** A field of any number, whose form may not be the one that it should have. */
const anyField = fc.oneof(
  fc.tuple(fc.nat(20), fc.nat()).map(([number, value]) => integerField(number, value)),
  fc
    .tuple(fc.nat(20), fc.uint8Array({ maxLength: 24 }))
    .map(([number, bytes]) => bytesField(number, Buffer.from(bytes))),
);
const message = (fields: fc.Arbitrary<Buffer>[]) =>
  fc
    .tuple(
      ...fields,
      fc.array(anyField, { maxLength: 1 }).map((more) => Buffer.concat(more)),
    )
    .map((all) => Buffer.concat(all));
const texts = (number: number) =>
  fc
    .array(
      name.map((text) => bytesField(number, text)),
      { maxLength: 3 },
    )
    .map((all) => Buffer.concat(all));
const attribute = message([
  fc.constantFrom('axis', 'to', 'transB', 'value', 'value_ints').map((text) => bytesField(1, text)),
  fc.nat(3).map((value) => integerField(3, value)),
]);
const node = message([
  texts(1),
  texts(2),
  fc.constantFrom(...OPERATORS).map((text) => bytesField(4, text)),
  fc
    .array(
      attribute.map((bytes) => bytesField(5, bytes)),
      { maxLength: 2 },
    )
    .map((all) => Buffer.concat(all)),
]);
const tensor = message([
  fc
    .array(
      fc.nat(4).map((size) => integerField(1, size)),
      { maxLength: 3 },
    )
    .map((all) => Buffer.concat(all)),
  fc.nat(17).map((type) => integerField(2, type)),
  name.map((text) => bytesField(8, text)),
  fc.uint8Array({ maxLength: 16 }).map((bytes) => bytesField(9, Buffer.from(bytes))),
]);
const graph = fc
  .tuple(fc.array(node, { maxLength: 12 }), fc.array(tensor, { maxLength: 5 }), fc.array(name, { maxLength: 2 }))
  .map(([nodes, tensors, outputs]) =>
    bytesField(
      7,
      Buffer.concat([
        ...nodes.map((bytes) => bytesField(1, bytes)),
        ...tensors.map((bytes) => bytesField(5, bytes)),
        ...['logits', ...outputs].map((text) => bytesField(12, bytesField(1, text))),
      ]),
    ),
  );
/** Cut off, or with bytes changed. */
const damaged = fc
  .tuple(graph, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
  .map(([bytes, changes, end]) => {
    const out = Buffer.from(bytes);
    for (const [at, value] of changes) out[at % out.length] = value;
    return end % 4 === 0 ? out.subarray(0, end % out.length) : out;
  });

async function readAll(file: string): Promise<void> {
  try {
    readEnd(await readWeightsGraph(file));
    if (file.endsWith('.onnx')) await isQuantized(file);
  } catch (error) {
    if (!(error instanceof RerankError) && !(error instanceof EndNotUnderstood)) throw error;
  }
}

async function check(file: string, contents: fc.Arbitrary<Uint8Array>): Promise<void> {
  const target = path.join(folder, file);
  const property = fc.asyncProperty(contents, async (bytes) => {
    await writeFile(target, bytes);
    await readAll(target);
  });
  await fc.assert(property, { numRuns });
}

test('ONNX files', () => check('model.onnx', fc.oneof(graph, damaged, fc.uint8Array({ maxLength: 200 }))));

const header = fc.oneof(
  fc.json(),
  fc
    .dictionary(name, fc.record({ dtype: fc.constantFrom('F32', 'F16', 7, null), shape: fc.anything() }), {
      maxKeys: 4,
    })
    .map((entries) => JSON.stringify(entries, (_key, value: unknown) => (typeof value === 'bigint' ? 1 : value))),
  fc.string(),
);

test('safetensors files', () =>
  check(
    'model.safetensors',
    fc.tuple(header, fc.integer({ min: -2, max: 2 }), fc.boolean()).map(([text, off, huge]) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(huge ? 2n ** 63n : BigInt(Math.max(0, bytes.length + off)));
      return Buffer.concat([length, bytes]);
    }),
  ));

test('indexes of safetensors files', () =>
  check(
    'model.safetensors.index.json',
    fc
      .oneof(
        fc
          .dictionary(name, fc.constantFrom('model.safetensors', '../x', '/dev/null', '', '..', 'none', 7))
          .map((map) => JSON.stringify({ weight_map: map })),
        fc.json(),
      )
      .map((text) => Buffer.from(text)),
  ));

test('the guard of bodies passes what JSON.parse reads, and says what it refuses', () => {
  const body = fc.oneof(
    fc.json({ maxDepth: 8 }),
    fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', ' ', 'a', '1', '\\u0061') }),
  );
  const property = fc.property(body, fc.nat(20), (text, limit) => {
    try {
      guardJson(Buffer.from(text), { maxContainers: limit, maxValues: limit });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return;
    }
    // What is written anew names no key twice, so nothing but the depth is left to refuse.
    const anew = JSON.stringify(parsed);
    const isFlat = anew.split(/[[{]/).length < 30;
    if (isFlat) guardJson(Buffer.from(anew), { maxContainers: MAX_KEYS, maxValues: MAX_KEYS });
  });
  fc.assert(property, { numRuns: 20 * numRuns });
});
