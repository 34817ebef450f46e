import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { checkEnd } from '../checks/check-graph';
import type { GraphEnd } from '../checks/graph-end';
import { readWeightsGraph } from '../formats/weights-graph';
import type { Reranker } from '../reranker';
import type { ModelInfo } from '../types';
import { DTYPE_FACTS } from '../models/dtypes';
import { findLocal, weightsPath } from '../models/find-model';
import { PARITY_CASES } from './cases';
import { largestDifference, type Outcome } from './outcome';

/** In logits: for the same weights in the same runtime. */
const SAME_WEIGHTS = 1e-4;

/** The ONNX file that the peers run: the model's own, or the fp32 graph beside the weights that our kernels took. */
async function peerModel({ files, model }: ModelInfo): Promise<string | undefined> {
  if (files.model.path.endsWith('.onnx')) return files.model.path;
  const found = await findLocal(model, { dtype: 'fp32', provider: 'cpu' });
  const graph = found?.candidates.find((candidate) => candidate.engine === 'onnxruntime');
  return found && graph && weightsPath(found, graph);
}

function tolerance({ engine, dtype }: ModelInfo): number {
  return engine.name === 'builtin' ? DTYPE_FACTS[dtype].fromFp32 : SAME_WEIGHTS;
}

/** What parity-process.js reads and prints. */
export interface ParityRequest {
  model: string;
  /** How the model's graph ends. */
  end: Pick<GraphEnd, 'output' | 'activation'>;
  tokenizer: string;
  maxLength: number;
  pairs: { query: string; text: string }[];
}
export interface ParityReply {
  /** Package that is not installed. */
  missing?: string;
  pairs?: { ids: number[]; typeIds: number[]; score: number }[];
}

/** In a process of its own: the peers bring a runtime that must not meet ours. */
async function askPeers(request: ParityRequest): Promise<ParityReply> {
  const child = spawn(process.execPath, [join(__dirname, 'parity-process.js')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ORT_DISABLE_TELEMETRY: '1', ...process.env },
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(request));
  const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code === 0) return JSON.parse(output) as ParityReply;
  throw new Error(errors.trim().split('\n')[0] || `their process ended with code ${code ?? 'none'}`);
}

async function ourScores(reranker: Reranker, rawScores: boolean): Promise<number[]> {
  const scores: number[] = [];
  for (const input of PARITY_CASES) {
    const { response } = await reranker.rerank(input, { rawScores });
    scores.push(...[...response].sort((a, b) => a.id - b.id).map(({ score }) => score));
  }
  return scores;
}

/**
 * Tokens against npm `tokenizers`, logits against onnxruntime-node, where both are installed. The Reranker must truncate
 * `longest_first`, as the peers do.
 */
export async function checkParity(reranker: Reranker): Promise<Outcome> {
  const { files, maxLength, prompt } = reranker.info;
  if (prompt) {
    const message = `onnxruntime-node does not run what ${prompt.template} asks; scripts/models/check-families.py compares such models with transformers`;
    return { check: 'parity', status: 'skipped', message };
  }
  const model = await peerModel(reranker.info);
  if (model === undefined) {
    const message = 'Put the fp32 model.onnx beside the weights, for onnxruntime-node to run';
    return { check: 'parity', status: 'skipped', message };
  }
  const { end, findings } = checkEnd(await readWeightsGraph(model));
  if (!end) return { check: 'parity', status: 'skipped', message: findings[0]?.message ?? `${model} has no graph` };
  const pairs = PARITY_CASES.flatMap(({ query, contexts }) =>
    contexts.map(({ text: passage }) => ({ query, text: passage })),
  );
  let reply: ParityReply;
  try {
    reply = await askPeers({ model, end, tokenizer: files.tokenizer.path, maxLength, pairs });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { check: 'parity', status: 'fail', message: `The peers cannot run this model: ${reason}` };
  }
  if (reply.missing || !reply.pairs) {
    const message = `Install the package ${reply.missing ?? ''} to compare with it`;
    return { check: 'parity', status: 'skipped', message };
  }
  const peers = reply.pairs;
  const wrong = pairs.findIndex(({ query, text: passage }, i) => {
    const { ids, typeIds } = reranker.encode(query, passage, { truncation: 'longest_first' });
    return JSON.stringify([ids, typeIds]) !== JSON.stringify([peers[i]?.ids, peers[i]?.typeIds]);
  });
  if (wrong >= 0) {
    const pair = pairs[wrong];
    const message = `The tokens of '${pair?.query ?? ''}' with '${pair?.text.slice(0, 40) ?? ''}' are not those of npm tokenizers`;
    return { check: 'parity', status: 'fail', message };
  }
  const largest = largestDifference(
    peers.map(({ score }) => score),
    await ourScores(reranker, end.activation === undefined),
  );
  return {
    check: 'parity',
    status: largest <= tolerance(reranker.info) ? 'pass' : 'fail',
    message: `${pairs.length} pairs: tokens equal to npm tokenizers', ${end.activation === undefined ? 'logits' : 'scores'} differ from onnxruntime-node's by ${largest.toPrecision(3)} at most`,
  };
}
