import { RerankError } from '../errors';
import { DTYPE_FACTS } from '../models/dtypes';
import type { Reranker } from '../reranker';
import type { RerankInput, RerankOutput } from '../types';
import { PARITY_CASES, REFERENCE_CASES } from './cases';
import { largestDifference, logitOf, type Outcome } from './outcome';

const MODEL = '@cf/baai/bge-reranker-base';
const PUBLIC_API = 'https://api.cloudflare.com/client/v4';
const TIMEOUT_MS = 30_000;
/** Where a score rounds to 0 or 1 in half precision its logit says nothing more. */
const LARGEST_LOGIT = 9;

export interface LiveAccount {
  accountId: string;
  token: string;
  /** CLOUDFLARE_BASE_URL, else Cloudflare's. */
  api: string;
}

/** From the variables that Cloudflare's own tools read. */
export function liveAccount(env: NodeJS.ProcessEnv = process.env): LiveAccount {
  const { CLOUDFLARE_ACCOUNT_ID: accountId, CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_BASE_URL: api } = env;
  if (accountId && token) return { accountId, token, api: (api || PUBLIC_API).replace(/\/+$/, '') };
  throw new RerankError('INVALID_OPTION', '--live needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN; set both', {
    path: 'live',
  });
}

async function ask({ accountId, token, api }: LiveAccount, input: RerankInput): Promise<RerankOutput> {
  const response = await fetch(`${api}/accounts/${accountId}/ai/run/${MODEL}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = (await response.json()) as { result?: RerankOutput; errors?: { code: number; message: string }[] };
  if (response.ok && body.result?.response) return body.result;
  const [error] = body.errors ?? [];
  throw new Error(`it answered ${response.status}${error ? `: ${error.code} ${error.message}` : ''}`);
}

function logits({ response }: RerankOutput, of: (score: number) => number): number[] {
  const clamp = (logit: number) => Math.min(LARGEST_LOGIT, Math.max(-LARGEST_LOGIT, logit));
  return [...response].sort((a, b) => a.id - b.id).map(({ score }) => clamp(of(score)));
}

/** The same requests to the account's Workers AI: a few requests that the account pays for. */
export async function checkLive(reranker: Reranker, account: LiveAccount): Promise<Outcome> {
  const tolerance = DTYPE_FACTS[reranker.info.dtype].fromService;
  let largest = 0;
  try {
    for (const input of [...REFERENCE_CASES.map((known) => known.input), ...PARITY_CASES]) {
      const [theirs, ours] = await Promise.all([ask(account, input), reranker.rerank(input, { rawScores: true })]);
      largest = Math.max(largest, largestDifference(logits(theirs, logitOf), logits(ours, Number)));
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { check: 'live', status: 'fail', message: `${account.api} could not be compared with: ${reason}` };
  }
  return {
    check: 'live',
    status: largest <= tolerance ? 'pass' : 'fail',
    message: `${MODEL} at ${account.api}: logits differ by ${largest.toPrecision(3)} at most, ${tolerance} is allowed for ${reranker.info.dtype}`,
  };
}
