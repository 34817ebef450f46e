import type { Dtype } from '../types';
import {
  DTYPES,
  filesFor,
  obstacleToBuiltin,
  STORED_AS,
  waysTo,
  type Asked,
  type Capabilities,
  type ModelFacts,
} from './ways';
import { LFS_POINTER, nameOf, PLACE, type WeightFile } from './weight-files';

/** Why nothing can run a model as it was asked for. */
export interface Refusal {
  /** What goes into `refusalText`: what the model lacks, what it has, and what to change. */
  sentence: string;
  /** The file whose presence would mend it. */
  missing: string;
}

const listed = (words: readonly string[], last: string): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)!}`;

/** Whether something can run the model so. */
function isOpen(facts: ModelFacts, asked: Asked, capabilities: Capabilities): boolean {
  return waysTo(asked, capabilities).some(
    (way) =>
      filesFor(way, facts.files).length > 0 &&
      (way.engine !== 'builtin' || !obstacleToBuiltin(facts, way.dtype, asked.provider, capabilities)),
  );
}

/** What else the caller could ask for, or give. */
function remedy(facts: ModelFacts, asked: Asked, capabilities: Capabilities): string {
  const dtypes = DTYPES.filter((dtype) => isOpen(facts, { ...asked, dtype }, capabilities));
  if (dtypes.length > 0)
    return `ask for dtype ${listed(
      dtypes.map((dtype) => `'${dtype}'`),
      'or',
    )}`;
  if (facts.files.some(({ stored }) => stored === LFS_POINTER)) return 'run `git lfs pull` there';
  if (facts.unread) return facts.unread.remedy;
  const onCpu = asked.provider !== 'cpu' && isOpen(facts, { ...asked, provider: 'cpu' }, capabilities);
  return onCpu ? "ask for the provider 'cpu' alone" : 'use a conversion of the model that has them';
}

/** The files that would serve, best first, by name, and why others would not. */
function wanted(facts: ModelFacts, asked: Asked, capabilities: Capabilities): { names: string[]; why: string[] } {
  const names = new Set<string | undefined>();
  const why = new Set<string>();
  for (const { engine, dtype } of waysTo(asked, capabilities)) {
    const obstacle = engine === 'builtin' && obstacleToBuiltin(facts, dtype, asked.provider, capabilities);
    if (obstacle) why.add(obstacle);
    else if (engine === 'builtin') names.add(nameOf('safetensors', 'float32')).add(nameOf('onnx', 'float32'));
    else names.add(nameOf('onnx', STORED_AS[dtype]));
  }
  return { names: [...names].filter((name) => name !== undefined), why: [...why] };
}

/** The file that ONNX Runtime would run as this dtype, else model.onnx. */
const missingFile = (dtype: Dtype): string =>
  nameOf('onnx', dtype === 'auto' ? 'float32' : STORED_AS[dtype]) ?? nameOf('onnx', 'float32')!;

const shown = ({ path, stored }: WeightFile): string => `${path} (${stored})`;

export function refusalOf(facts: ModelFacts, asked: Asked, capabilities: Capabilities): Refusal {
  const { names, why } = wanted(facts, asked, capabilities);
  const missing = missingFile(asked.dtype);
  const as = `${asked.dtype === 'auto' ? '' : ` as ${asked.dtype}`}${asked.provider === 'cpu' ? '' : ' on CUDA'}`;
  const reasons = why.map((reason) => `, and ${reason}`).join('');
  const files = [...facts.files.map(shown), ...(facts.unread ? [facts.unread.path] : [])];
  if (names.length > 0 && files.length === 0) {
    return { sentence: `has no weights; put ${listed(names, 'or')} there${reasons}`, missing };
  }
  const first = asked.dtype === 'auto' ? 'int8' : asked.dtype;
  const obstacle = why[0] ?? obstacleToBuiltin(facts, first, asked.provider, capabilities) ?? 'nothing does that';
  const lacks =
    names.length > 0
      ? `has no weights that can run${as}, which would be ${listed(names, 'or')}${reasons}`
      : `cannot be run${as}, since ${obstacle}`;
  const has = files.length > 0 ? `it has ${listed(files, 'and')}` : 'it has no weights';
  return { sentence: `${lacks}; ${has}; ${remedy(facts, asked, capabilities)}`, missing };
}

/** `place` is the folder or the repository. */
export const refusalText = (place: string, { sentence }: Refusal): string =>
  `${place} ${sentence.replaceAll(PLACE, place)}`;
