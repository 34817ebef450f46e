import type { FloatType } from '../formats/safetensors-graph';
import type { Dtype } from '../types';

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
