export { createAi, InferenceUpstreamError, type Ai, type AiRunOptions } from './create-ai';
export type { ModelOptions } from './lazy-model';
export { miniflareAi, plugins, type MiniflareAiOptions } from './miniflare';
export type { AiModel } from './models';
export { WORKERS_AI_MODEL } from './run-model';
