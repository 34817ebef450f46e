import { finding, NOTHING_TO_DO, type Finding } from '../checks/finding';
import type { ModelInfo } from '../types';
import type { Machine } from './machine';

export interface Load {
  /** Of the ONNX file and its external data. */
  weightBytes: number;
  /** Of the weights as they run. */
  dtype: ModelInfo['dtype'];
  threads: number;
  maxLength: number;
  /** Columns of the word table; undefined where the graph does not tell. */
  hidden: number | undefined;
}

/** When the graph does not tell: that of the base models. */
const USUAL_HIDDEN = 768;
const FLOAT_BYTES = 4;
/** Activations alive at once in a layer, in units of tokens × hidden: input, residual, q, k, v and the widened 4×. */
const ACTIVATIONS = 10;
/** A head is 64 wide in BERT's kin (32 in MiniLM): attention keeps tokens × tokens for each. */
const HEAD_WIDTH = 64;
/** The runtime's own, the tokenizer's tables, Node. */
const BASE_BYTES = 150e6;

/** An estimate: weights once, one pair's activations for each thread. */
export function estimateBytes({ weightBytes, threads, maxLength, hidden = USUAL_HIDDEN }: Load): number {
  const perToken = hidden * ACTIVATIONS + (hidden / HEAD_WIDTH) * maxLength;
  return BASE_BYTES + weightBytes + threads * maxLength * perToken * FLOAT_BYTES;
}

const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** What would take less: nothing that is so already. */
function lessMemory({ dtype, threads }: Load): string {
  const ways = [
    ...(dtype === 'int8' ? [] : ["dtype 'int8'"]),
    ...(threads === 1 ? [] : ['fewer threads']),
    'a smaller model',
  ];
  const last = ways.pop()!;
  return `Use ${ways.length === 0 ? '' : `${ways.join(', ')} or `}${last}, or free memory`;
}

export function checkMachine(load: Load, machine: Machine): Finding[] {
  const found: Finding[] = [];
  const bytes = estimateBytes(load);
  const message = `About ${mb(bytes)} are needed with ${load.threads} thread${load.threads === 1 ? '' : 's'}: ${mb(load.weightBytes)} of weights, the rest for work`;
  if (bytes > machine.freeBytes) {
    const low = `${message}; ${mb(machine.freeBytes)} are free`;
    found.push(finding('MEMORY_LOW', low, lessMemory(load)));
  } else found.push(finding('MEMORY_ESTIMATE', message, NOTHING_TO_DO));
  if (load.threads > machine.cores) {
    const many = `${load.threads} threads were asked for, ${machine.cores} core${machine.cores === 1 ? '' : 's'} may be used`;
    found.push(finding('THREADS_ABOVE_CORES', many, 'Leave threads out: the default is one for each core'));
  }
  return found;
}
