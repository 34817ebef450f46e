export type { ServedReranker } from '../serving/scorer';
export { DIALECT_NAMES, type DialectName } from './dialects/registry';
export { createHandler, type Handler } from './handler';
export { collectMetrics } from './metrics';
export type { HandlerOptions } from './options';
export { createLogger } from './request-log';
export { closeOnSignals, serve, type RunningServer, type ServeOptions } from './serve';
