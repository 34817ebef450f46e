import { basename } from 'node:path';
import type { ExecutionProvider } from '../types';
import { refusalOf, type Refusal } from './refusal';
import {
  filesFor,
  obstacleTo,
  obstacleToBuiltin,
  waysTo,
  type Asked,
  type Capabilities,
  type EngineName,
  type LoadedDtype,
  type ModelFacts,
  type Way,
} from './ways';
import type { WeightFile } from './weight-files';

/** A file, what is made of it, and what runs that. */
export interface Candidate {
  engine: EngineName;
  file: WeightFile;
  dtype: LoadedDtype;
  /** One sentence, without its full stop: why this one. */
  reason: string;
}

/** The ways to run a model, best first: each counts where those before it turn out not to fit. Or why there is none. */
export type Plan = { candidates: readonly [Candidate, ...Candidate[]] } | { refusal: Refusal };

/** The first provider decides: the CPU never fails, and a plan for CUDA also runs on a CPU listed behind it. */
export const plannedProvider = (providers: readonly ExecutionProvider[] = ['cpu']): ExecutionProvider =>
  providers[0] ?? 'cpu';

function madeFrom({ path, stored }: WeightFile): string {
  return stored === 'float32' ? basename(path) : `the ${stored} weights of ${basename(path)}`;
}

/** What is faster on this processor than this dtype on our own kernels, where that is not as it should be. */
function whatIsFaster(dtype: LoadedDtype, { hasFastBf16, instructionSet }: Capabilities): string {
  if (instructionSet === 'portable') {
    return '; this processor has none of the instruction sets that they are written for, so that ONNX Runtime may be faster: `bge-reranker bench --dtypes` tells';
  }
  if (dtype !== 'bf16' || hasFastBf16) return '';
  return '; fp32 is faster on this processor, which has no instructions for bf16';
}

/** A clause that says why our own kernels do not come first; undefined where they do. */
function whyRuntime(ways: readonly Way[], facts: ModelFacts, provider: ExecutionProvider, capabilities: Capabilities) {
  const builtin = ways.find(({ engine }) => engine === 'builtin');
  const way = builtin ?? ways[0];
  const obstacle = way && obstacleToBuiltin(facts, way.dtype, provider, capabilities);
  if (!builtin || obstacle !== undefined) return obstacle;
  return builtin === ways[0] ? undefined : `it is faster at ${builtin.dtype} on this processor than our own kernels`;
}

/**
 * Decides which file runs on which engine for a dtype. Folders, downloads, the fallback while loading and the doctor all
 * ask here. `facts.files` are those of one folder or repository.
 */
export function planModel(facts: ModelFacts, asked: Asked, capabilities: Capabilities): Plan {
  const ways = waysTo(asked, capabilities);
  const why = whyRuntime(ways, facts, asked.provider, capabilities);
  const reasonOf = ({ engine, dtype }: Way, file: WeightFile) => {
    if (engine === 'builtin') {
      return `${dtype} on our own kernels, made from ${madeFrom(file)}${whatIsFaster(dtype, capabilities)}`;
    }
    return `${basename(file.path)} runs on ONNX Runtime${why === undefined ? '' : `, since ${why}`}`;
  };
  const isOpen = (way: Way) => obstacleTo(way, facts, asked.provider, capabilities) === undefined;
  const [best, ...others] = ways
    .filter(isOpen)
    .flatMap((way) => filesFor(way, facts.files).map((file) => ({ ...way, file, reason: reasonOf(way, file) })));
  return best ? { candidates: [best, ...others] } : { refusal: refusalOf(facts, asked, capabilities) };
}
