import { BodyBudget, BodyShare } from '../serving/body/body-budget';
import { readJson } from '../serving/body/read-json';
import { Failure, toFailure } from '../serving/failure';
import { runModel, toWorkersAiFailure, type ModelAnswer } from '../serving/run-model';
import { listModels } from '../serving/workers-ai-models';
import { bindingReply, toResponse } from './binding-reply';
import type { LazyModel } from './lazy-model';

/** The body comes from workerd on this machine, so its bounds only stop accidents. */
const LIMITS = { maxBodyBytes: 256 * 2 ** 20, bodyTimeoutMs: 60_000 };

const BODIES = new BodyBudget(4 * LIMITS.maxBodyBytes);

interface RunBody {
  inputs?: unknown;
  options?: { rejectIfBusy?: unknown };
}

async function answerRun(request: Request, model: LazyModel): Promise<ModelAnswer> {
  const share = new BodyShare(BODIES);
  try {
    const { inputs, options } = (await readJson({ request }, LIMITS, 'json', share)) as RunBody;
    const { scorer, models } = await model.get();
    return await runModel(scorer, models, {
      model: request.headers.get('cf-consn-model-id') ?? '',
      inputs,
      rejectIfBusy: options?.rejectIfBusy === true,
      signal: request.signal,
    });
  } finally {
    share.release();
  }
}

/** A model that cannot be loaded is for the developer at this machine, so the reason is told. */
function failed(error: unknown, signal: AbortSignal): ModelAnswer {
  const failure = toFailure(error, signal);
  const told = failure.kind === 'failed' ? new Failure('failed', (error as Error).message) : failure;
  return { outcome: toWorkersAiFailure(told) };
}

function noRoute(): Response {
  const message = 'bge-reranker serves env.AI.run and env.AI.models only; use an account for the rest';
  return toResponse({ status: 400, headers: {}, body: { success: false, errors: [{ code: 7000, message }] } });
}

/**
 * The service behind `env.AI` inside workerd: answers what workerd's own AI module sends (POST /run with
 * `{ inputs, options }` and the model in `cf-consn-model-id`, with a gateway /ai-gateway/run; GET /ai-api/models/search).
 */
export async function answerBinding(request: Request, model: LazyModel): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    if (request.method === 'POST' && (pathname === '/run' || pathname === '/ai-gateway/run')) {
      return toResponse(bindingReply(await answerRun(request, model)));
    }
    if (request.method === 'GET' && pathname === '/ai-api/models/search') {
      const { scorer, models } = await model.get();
      const result = listModels(models, scorer.reranker.info.maxLength);
      return toResponse({ status: 200, headers: {}, body: { success: true, result } });
    }
    return noRoute();
  } catch (error) {
    return toResponse(bindingReply(failed(error, request.signal)));
  }
}
