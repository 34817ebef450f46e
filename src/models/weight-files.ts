import type { FloatType } from '../formats/safetensors-graph';

/** How most of a file's weights are stored: a float type, int8, or what nothing here runs, such as '4-bit' or 'float64'. */
export type Stored = FloatType | 'int8' | (string & {});

/** `stored` of a file that a clone without Git LFS did not fetch. */
export const LFS_POINTER = 'Git LFS pointer';

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

/**
 * What the names that exporters give to weights say (PyTorch, Optimum, transformers.js, Sentence Transformers); of two
 * files that hold the same the better one first.
 */
const NAMES: ReadonlyMap<string, Named> = new Map([
  ['model.safetensors', { format: 'safetensors', stored: 'float32' }],
  ['model_quantized.onnx', onnx('int8')],
  ['model_int8.onnx', onnx('int8')],
  ['model_q8.onnx', onnx('int8')],
  ['model_qint8_avx512_vnni.onnx', onnx('int8')],
  ['model_qint8_avx512.onnx', onnx('int8')],
  ['model_qint8_arm64.onnx', onnx('int8')],
  ['model_uint8.onnx', onnx('int8')],
  ['model_quint8_avx2.onnx', onnx('int8')],
  ['model.onnx', onnx('float32')],
  ['model_fp16.onnx', onnx('float16')],
  ['model_q4.onnx', onnx('4-bit')],
  ['model_q4f16.onnx', onnx('4-bit')],
  ['model_bnb4.onnx', onnx('4-bit')],
]);

/** Stands for the model's folder or repository in a remedy. */
export const PLACE = '<place>';

const SAVE = `AutoModelForSequenceClassification.from_pretrained('${PLACE}').save_pretrained('${PLACE}'`;

/** Weights in forms that nothing here reads, and how to make readable ones of them. */
const UNREAD: readonly [RegExp, string][] = [
  [/^model\.safetensors\.index\.json$/, `join its shards with Python's ${SAVE}, max_shard_size='100GB')`],
  [/^(pytorch_model\.bin(\.index\.json)?|flax_model\.msgpack|tf_model\.h5)$/, `convert it with Python's ${SAVE})`],
  [/\.gguf$/, 'use the repository that it was made from'],
];

export interface UnreadFile {
  path: string;
  /** What to do about it, with PLACE in it. */
  remedy: string;
}

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

/** The first of these paths that holds weights in a form that nothing here reads. */
export function unreadAmong(paths: Iterable<string>): UnreadFile | undefined {
  const all = [...paths];
  for (const [name, remedy] of UNREAD) {
    const path = all.find((each) => name.test(each));
    if (path !== undefined) return { path, remedy };
  }
  return undefined;
}
