import { RerankError } from '../errors';
import type { Dtype } from '../types';
import { resolveLocal, resolveModel, type ResolvedModel } from './resolve';

/** Best first. The CUDA provider has no operators for dynamically quantised graphs: they would run on the CPU. */
const FLOATING = ['fp16', 'fp32'] as const;

const CUDA = ['cuda'] as const;

/** A folder without this dtype says nothing of the others. */
async function localAs(model: string, dtype: Dtype): Promise<ResolvedModel | undefined> {
  try {
    return await resolveLocal(model, dtype, CUDA);
  } catch (error) {
    if (error instanceof RerankError && error.code === 'MODEL_NOT_FOUND') return undefined;
    throw error;
  }
}

/** As `resolveModel`; where the dtype is left open, what suits a GPU, from the files on this machine if there are any. */
export async function resolveForCuda(model: string, dtype: Dtype): Promise<ResolvedModel> {
  if (dtype === 'auto') {
    for (const floating of FLOATING) {
      const found = await localAs(model, floating);
      if (found) return found;
    }
  }
  return await resolveModel(model, dtype, CUDA);
}
