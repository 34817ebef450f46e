/**
 * Every code a finding can carry; docs/models.md says more of each. `error`: the model cannot run, or would answer
 * wrongly. `warning`: it may. `info`: good to know.
 */
export const FINDING_SEVERITIES = {
  LOAD_FAILED: 'error',
  SELF_CHECK_FAILED: 'error',
  EXTERNAL_DATA_INVALID: 'error',
  EXTERNAL_DATA_MISSING: 'error',
  EXTERNAL_DATA_SHORT: 'error',
  POSITIONS_TOO_FEW: 'error',
  GRAPH_INPUT_UNKNOWN: 'error',
  GRAPH_END_UNKNOWN: 'error',
  LABELS_UNSUPPORTED: 'error',
  TOKEN_TYPES_TOO_FEW: 'error',
  VOCABULARY_TOO_LARGE: 'error',
  OPERATOR_DOMAIN_UNKNOWN: 'error',
  TOKENIZER_LIMIT_TOO_HIGH: 'warning',
  LABELS_DISAGREE: 'warning',
  TOKEN_TYPES_DROPPED: 'warning',
  VOCABULARY_DIFFERS: 'warning',
  INT8_MAY_SATURATE: 'warning',
  OPERATORS_NOT_ON_CUDA: 'warning',
  MEMORY_LOW: 'warning',
  THREADS_ABOVE_CORES: 'warning',
  TWO_LABELS: 'info',
  ACTIVATION_LEFT_OUT: 'info',
  INT8_SATURATION_HARMLESS: 'info',
  INT8_EXACT: 'info',
  MEMORY_ESTIMATE: 'info',
} as const;

export type FindingCode = keyof typeof FINDING_SEVERITIES;
export type Severity = (typeof FINDING_SEVERITIES)[FindingCode];

/** The remedy of a finding that asks for nothing. */
export const NOTHING_TO_DO = 'Nothing to do';

export interface Finding {
  code: FindingCode;
  severity: Severity;
  /** What was found, one sentence with the figures. */
  message: string;
  /** What to do about it. */
  remedy: string;
}

export function finding(code: FindingCode, message: string, remedy: string): Finding {
  return { code, severity: FINDING_SEVERITIES[code], message, remedy };
}
