import type { Dtype } from '../types';

/** How a file stores float weights, as config.json's `torch_dtype` calls it. */
export type FloatType = 'float32' | 'float16' | 'bfloat16';

/** A file and what is made of it. */
export interface Weights {
  /** Absolute. */
  path: string;
  dtype: Exclude<Dtype, 'auto'>;
}

/** What our own kernels make of a file. */
export interface PackedWeights extends Weights {
  /** What most of the file's weights are. */
  from: FloatType;
}
