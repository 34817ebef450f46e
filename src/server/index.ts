export { DIALECT_NAMES, type DialectName } from './dialects/dialect';
export { createHandler, type Handler } from './handler';
export type { HandlerOptions } from './options';
export { createLogger } from './request-log';
export type { ServedReranker } from './scoring';
export { closeOnSignals, serve, type RunningServer, type ServeOptions } from './serve';
