// Cold start: `node bench/cold-start.mjs [--rounds N]`. Every measurement is a fresh process; the two kinds alternate, so
// that a noisy minute hits both. Ours: from `require` to the loaded addon, and on to the first score of the MiniLM.
// Beside it, what any user of ONNX Runtime pays: `require('onnxruntime-node')` and a session for the same file. CPU time
// is given too: it says what a machine without other work would need at most.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { getTestModel } from '../scripts/models/get-test-model.mjs';
import { describeMachine } from './lib/machine.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const CLOCK = `
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const passed = () => {
    const { user, system } = process.cpuUsage(cpu);
    return { ms: performance.now() - start, cpuMs: (user + system) / 1000 };
  };`;

const OURS = `${CLOCK}
  const { Reranker } = require('./dist');
  require('./dist/addon/load-native').loadNative();
  const loaded = passed();
  (async () => {
    const reranker = await Reranker.load(process.argv[1]);
    await reranker.rerank({ query: 'q', contexts: [{ text: 'passage' }] });
    const scored = passed();
    await reranker.close();
    console.log(JSON.stringify({ loaded, scored }));
  })();`;

const SESSION = `${CLOCK}
  const { InferenceSession } = require('onnxruntime-node');
  const loaded = passed();
  InferenceSession.create(process.argv[1] + '/model.onnx').then(() => {
    console.log(JSON.stringify({ loaded, session: passed() }));
    process.exit();
  });`;

const measure = (program, folder) =>
  JSON.parse(execFileSync(process.execPath, ['-e', program, folder], { cwd: ROOT, encoding: 'utf8' }));

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '11' } } });
const folder = await getTestModel();
// The first of each brings the files into the page cache.
measure(OURS, folder);
measure(SESSION, folder);
const ours = [];
const session = [];
for (let round = 0; round < Number(values.rounds); round++) {
  ours.push(measure(OURS, folder));
  session.push(measure(SESSION, folder));
}

const middle = (list, key, unit) => median(list.map((each) => each[key][unit]));

function report(name, ownKey, otherKey) {
  const own = middle(ours, ownKey, 'ms');
  const other = middle(session, otherKey, 'ms');
  const cpu = middle(ours, ownKey, 'cpuMs');
  const ratio = `${(own / other).toFixed(2)} times the ${other.toFixed(0)} ms beside it`;
  console.log(`${name}: ${own.toFixed(0)} ms (CPU ${cpu.toFixed(0)} ms), ${ratio}`);
}

console.log(JSON.stringify(describeMachine()));
report('require to loaded addon', 'loaded', 'loaded');
report('require to first score', 'scored', 'session');
