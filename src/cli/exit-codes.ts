import { RerankError, type RerankErrorCode } from '../errors';

/** What the process tells its caller. docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** The command ran and its answer is bad news: findings, a mismatch, lines that could not be scored. */
  negative: 1,
  /** The command line or the input is wrong. */
  usage: 2,
  /** The model cannot be had or used. */
  model: 3,
  /** This machine lacks something: the addon, ONNX Runtime, a provider, memory. */
  environment: 4,
  /** Anything else. */
  failure: 5,
} as const;

const BY_CODE: Partial<Record<RerankErrorCode, number>> = {
  INVALID_INPUT: EXIT.usage,
  INVALID_OPTION: EXIT.usage,
  TOO_LONG: EXIT.usage,
  MODEL_NOT_FOUND: EXIT.model,
  MODEL_INVALID: EXIT.model,
  MODEL_UNSUPPORTED: EXIT.model,
  MODEL_GATED: EXIT.model,
  DOWNLOAD_FAILED: EXIT.model,
  OFFLINE: EXIT.model,
  TOKENIZER_INVALID: EXIT.model,
  TOKENIZER_UNSUPPORTED: EXIT.model,
  RUNTIME_NOT_FOUND: EXIT.environment,
  RUNTIME_INCOMPATIBLE: EXIT.environment,
  PROVIDER_UNAVAILABLE: EXIT.environment,
  ADDON_NOT_FOUND: EXIT.environment,
  OUT_OF_MEMORY: EXIT.environment,
};

export function exitCodeOf(error: unknown): number {
  return (error instanceof RerankError && BY_CODE[error.code]) || EXIT.failure;
}
