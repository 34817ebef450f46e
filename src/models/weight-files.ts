import type { FloatType } from '../formats/safetensors-graph';

/** How most of a file's weights are stored: a float type, int8, or what nothing here runs, such as '4-bit' or 'float64'. */
export type Stored = FloatType | 'int8' | (string & {});

/** A file of weights in a folder or a repository. */
export interface WeightFile {
  /** From the folder's or repository's top: `onnx/model.onnx`. */
  path: string;
  format: 'safetensors' | 'onnx';
  /** By the file's name, or by its content where that was read. */
  stored: Stored;
}

type Named = Omit<WeightFile, 'path'>;
const onnx = (stored: Stored): Named => ({ format: 'onnx', stored });

/** What the names that exporters give to weights say, the better file of two that hold the same first. */
const NAMES: ReadonlyMap<string, Named> = new Map([
  ['model.safetensors', { format: 'safetensors', stored: 'float32' }],
  ['model_quantized.onnx', onnx('int8')],
  ['model.onnx', onnx('float32')],
  ['model_fp16.onnx', onnx('float16')],
]);

/** Folders of a repository that hold weights; of two files with one name the first counts. */
const FOLDERS = ['onnx/', ''] as const;

/** The best name for a file of weights that are stored so, for messages. */
export function nameOf(format: WeightFile['format'], stored: Stored | undefined): string | undefined {
  return [...NAMES].find(([, named]) => named.format === format && named.stored === stored)?.[0];
}

/** The files of weights among these paths, better ones first. */
export function weightFilesAmong(paths: Iterable<string>): WeightFile[] {
  const present = new Set(paths);
  return [...NAMES].flatMap(([name, named]) => {
    const path = FOLDERS.map((folder) => folder + name).find((candidate) => present.has(candidate));
    return path === undefined ? [] : [{ path, ...named }];
  });
}
