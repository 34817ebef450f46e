// The oracle for logits: onnxruntime-node, one pair a run, one thread. A process of its own, since its typed arrays
// are not those of jest's realm. Reads {model, pairs: [{ids, typeIds}]} from standard input, prints the logits.
const ort = require('onnxruntime-node');
const { text } = require('node:stream/consumers');

const row = (values) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);

async function main() {
  const { model, pairs } = JSON.parse(await text(process.stdin));
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const logits = [];
  for (const { ids, typeIds } of pairs) {
    const feeds = { input_ids: row(ids), attention_mask: row(ids.map(() => 1)), token_type_ids: row(typeIds) };
    for (const name of Object.keys(feeds)) if (!session.inputNames.includes(name)) delete feeds[name];
    const output = await session.run(feeds);
    // Of two labels the second is relevance: its softmax share is the sigmoid of the difference.
    const [first, second] = output[session.outputNames[0]].data;
    logits.push(second === undefined ? first : second - first);
  }
  console.log(JSON.stringify(logits));
}

main();
