export { createAi, InferenceUpstreamError, type Ai, type AiRerankInput, type AiRunOptions } from './create-ai';
export type { ModelOptions } from './lazy-model';
export { miniflareAi, plugins, type MiniflareAiOptions } from './miniflare';
export type { AiModel } from '../serving/workers-ai-models';
export { WORKERS_AI_MODEL } from '../serving/workers-ai-models';
