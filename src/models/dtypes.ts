import type { ModelInfo } from '../types';

interface DtypeFacts {
  /** Of a weight that our own kernels have made theirs. */
  bytes: number;
  /**
   * How far logits may be, at most, from those of the same weights as fp32 (docs/performance.md has the measured
   * differences); fp32 and fp16 differ from another runtime's in the order of sums at most.
   */
  fromFp32: number;
  /** The same from the logits of a service that runs in half precision and answers with few digits. */
  fromService: number;
}

/** Facts of each dtype; docs/models.md says what it is made from, ways.ts decides it. */
export const DTYPE_FACTS: Readonly<Record<ModelInfo['dtype'], DtypeFacts>> = {
  fp32: { bytes: 4, fromFp32: 1e-4, fromService: 0.1 },
  fp16: { bytes: 4, fromFp32: 1e-4, fromService: 0.1 },
  bf16: { bytes: 2, fromFp32: 0.25, fromService: 0.2 },
  int8: { bytes: 1, fromFp32: 1, fromService: 0.5 },
};
