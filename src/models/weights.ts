import type { Dtype } from '../types';

/** A file and what is made of it. */
export interface Weights {
  /** Absolute. */
  path: string;
  dtype: Exclude<Dtype, 'auto'>;
}
