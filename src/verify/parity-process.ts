import { text } from 'node:stream/consumers';
import type { ParityReply, ParityRequest } from './parity';

// Run by parity.ts: other people's tokenizer and runtime, one pair a run. The packages are optional, so their types
// are stated here as far as they are used.

interface Encoding {
  getIds(): number[];
  getTypeIds(): number[];
}
interface Tokenizers {
  Tokenizer: {
    fromFile(path: string): {
      disablePadding(): void;
      setTruncation(maxLength: number, options: { strategy: string }): void;
      encode(query: string, text: string): Promise<Encoding>;
    };
  };
}
interface Session {
  inputNames: string[];
  outputNames: string[];
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: ArrayLike<number>; dims: readonly number[] }>>;
}
interface OnnxRuntime {
  Tensor: new (type: 'int64', data: BigInt64Array, dims: number[]) => unknown;
  InferenceSession: { create(path: string): Promise<Session> };
}

/** Undefined where the package is not installed. */
function load(name: string): unknown {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- optional
    return require(name) as unknown;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * As the engine does: of two labels the second is relevance. Where an activation ends the graph, the share that it
 * gives: of one that is rounded to 1 there is no logit any more.
 */
function scoreOf({ data, dims }: { data: ArrayLike<number>; dims: readonly number[] }, activation?: string): number {
  const [first = NaN, second = first] = Array.from(data);
  if (activation === 'Softmax') return second;
  if (activation === 'LogSoftmax') return Math.exp(second);
  if (dims[1] !== 2) return first;
  if (activation !== 'Sigmoid') return second - first;
  const odds = [first * (1 - second), second * (1 - first)] as const;
  return odds[1] / (odds[0] + odds[1]);
}

async function answer({ model, end, tokenizer, maxLength, pairs }: ParityRequest): Promise<ParityReply> {
  const runtime = load('onnxruntime-node') as OnnxRuntime | undefined;
  const tokenizers = load('tokenizers') as Tokenizers | undefined;
  if (!runtime || !tokenizers) return { missing: runtime ? 'tokenizers' : 'onnxruntime-node' };
  const peer = tokenizers.Tokenizer.fromFile(tokenizer);
  peer.disablePadding();
  peer.setTruncation(maxLength, { strategy: 'LongestFirst' });
  const session = await runtime.InferenceSession.create(model);
  const row = (values: number[]) => new runtime.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  const replies: { ids: number[]; typeIds: number[]; score: number }[] = [];
  for (const pair of pairs) {
    const encoding = await peer.encode(pair.query, pair.text);
    const ids = encoding.getIds();
    const typeIds = encoding.getTypeIds();
    const all = { input_ids: row(ids), attention_mask: row(ids.map(() => 1)), token_type_ids: row(typeIds) };
    const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => session.inputNames.includes(name)));
    const output = await session.run(feeds);
    replies.push({ ids, typeIds, score: scoreOf(output[end.output] ?? { data: [], dims: [] }, end.activation) });
  }
  return { pairs: replies };
}

async function main(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as ParityRequest;
  process.stdout.write(JSON.stringify(await answer(request)));
}

main().catch((error: unknown) => {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
