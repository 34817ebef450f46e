import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { defaultThreads } from '../base/threads';
import { measureInt8Products, type Int8Products } from './int8-products';

/** What the checks ask of the machine; given by the caller, so that tests can show any. */
export interface Machine {
  /** Cores that this process may use. */
  cores: number;
  /** Bytes that this process may still take. */
  freeBytes: number;
  /** Tries int8 products in the runtime. */
  measureInt8: () => Promise<Int8Products>;
}

function availableBytes(): number {
  try {
    const available = /^MemAvailable:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    if (available !== undefined) return Number(available) * 1024;
  } catch {
    // Not Linux.
  }
  return freemem();
}

export function thisMachine(): Machine {
  // 0 or beyond the machine's memory: no control group limits this process.
  const limit = process.constrainedMemory();
  const group = limit > 0 && limit < totalmem() ? limit - process.memoryUsage.rss() : Infinity;
  return { cores: defaultThreads(), freeBytes: Math.min(availableBytes(), group), measureInt8: measureInt8Products };
}
