import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { defaultThreads } from '../../threads';

/** What the checks ask of the machine; given by the caller, so that tests can show any. */
export interface Machine {
  /** Instructions that add int8 products in 32 bits. True where it is unknown. */
  hasVnni: boolean;
  /** Cores that this process may use. */
  cores: number;
  /** Bytes that this process may still take. */
  freeBytes: number;
}

/** x86 without these adds int8 products in 16 bits; arm64 has no such instruction and needs none. */
const VNNI = /\b(avx512_vnni|avx_vnni|amx_int8)\b/;

function hasVnni(): boolean {
  if (process.arch !== 'x64') return true;
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
    return flags === undefined || VNNI.test(flags);
  } catch {
    return true;
  }
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
  return { hasVnni: hasVnni(), cores: defaultThreads(), freeBytes: Math.min(availableBytes(), group) };
}
