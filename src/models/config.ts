import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankError } from '../errors';
import { unreadable } from '../base/not-found';

/** What the package reads from a model folder's JSON files. */
export interface ModelConfig {
  /** `architectures[0]`, or 'unknown' where no config.json says it. */
  architecture: string;
  /** `model_type`; undefined where it is not said. */
  modelType: string | undefined;
  /** Tokens of a pair at most, special tokens included. */
  maxTokens: number;
  /** Rows of the position table that no token gets. */
  unusedPositions: number;
  /** How safetensors weights are stored, by `torch_dtype` or `dtype`; undefined where it is not said. */
  weightsStored: string | undefined;
  /** The model is run by code in its own repository, whatever its architecture is called. */
  hasOwnCode: boolean;
  /** The class of its configuration there (auto_map.AutoConfig, without repository and module). */
  codeClass?: string | undefined;
  /** Folders of the modules that follow the transformer in a Sentence Transformers repository; mostly none. */
  modules: readonly string[];
}

/** Positions of a folder that states none: transformers' default for every type in `POSITIONS_AFTER_PADDING` and for BERT. */
const USUAL_POSITIONS = 512;
/** Larger values are how transformers writes "no limit". */
const LARGEST_MAX_TOKENS = 2 ** 20;
/**
 * Model types whose positions start after the padding id, so that pad_token_id + 1 rows of the position table go unused:
 * those of transformers 5.24 that number positions by `create_position_ids_from_input_ids` and take text alone.
 */
const POSITIONS_AFTER_PADDING: ReadonlySet<unknown> = new Set([
  'camembert',
  'data2vec-text',
  'ibert',
  'longformer',
  'luke',
  'mpnet',
  'roberta',
  'roberta-prelayernorm',
  'xlm-roberta',
  'xlm-roberta-xl',
  'xmod',
]);
/** jina-reranker-v2's own code for XLM-RoBERTa, which says no model type. */
const FLASH_XLMR = 'XLMRobertaFlashConfig';
/** What all of them take for `pad_token_id` where config.json has none. */
const DEFAULT_PAD_TOKEN_ID = 1;

type Json = Record<string, unknown>;

function invalid(path: string, reason: string, cause?: unknown): RerankError {
  return new RerankError('MODEL_INVALID', `${path} ${reason}; fetch the model again`, { path, cause });
}

/** Undefined when the file is absent. */
async function readAnyJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, 'is not JSON', error);
  }
}

/** Undefined when the file is absent. */
async function readJson(path: string): Promise<Json | undefined> {
  const value = await readAnyJson(path);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(path, 'is not a JSON object');
  return value as Json;
}

function isCount(value: unknown, max = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= max;
}

function unusedPositions(config: Json): number {
  const padding = config['pad_token_id'] ?? DEFAULT_PAD_TOKEN_ID;
  const begins = POSITIONS_AFTER_PADDING.has(config['model_type']) || codeClass(config) === FLASH_XLMR;
  return begins ? Number(padding) + 1 : 0;
}

function tokensFromPositions(config: Json, path: string): number | undefined {
  const positions = config['max_position_embeddings'] ?? undefined;
  if (positions === undefined) return undefined;
  const usable = Number(positions) - unusedPositions(config);
  if (isCount(positions) && isCount(usable)) return usable;
  throw invalid(path, 'has no usable max_position_embeddings');
}

function codeClass(config: Json | undefined): string | undefined {
  const name: unknown = (config?.['auto_map'] as Json | null | undefined)?.['AutoConfig'];
  return typeof name === 'string' ? name.split('.').at(-1) : undefined;
}

/** What lies outside the model's folder is never read. */
const isFolderName = (path: unknown): path is string => typeof path === 'string' && /^[\w-]+$/.test(path);

async function moduleFolders(folder: string): Promise<string[]> {
  const path = join(folder, 'modules.json');
  const modules = await readAnyJson(path);
  if (modules === undefined) return [];
  if (!Array.isArray(modules)) throw invalid(path, 'is not a list of modules');
  return (modules as ({ path?: unknown } | null)[])
    .slice(1)
    .map((module) => module?.path)
    .filter(isFolderName);
}

/** Of a Sentence Transformers repository. */
async function tokensFromSettings(folder: string): Promise<number | undefined> {
  const length = (await readJson(join(folder, 'sentence_bert_config.json')))?.['max_seq_length'];
  return isCount(length, LARGEST_MAX_TOKENS) ? length : undefined;
}

/**
 * Reads config.json, modules.json, and tokenizer_config.json where that says no length. Undefined when there is no config.json and
 * `required` says that there must be.
 */
export async function readModelConfig(folder: string, required: boolean): Promise<ModelConfig | undefined> {
  const path = join(folder, 'config.json');
  const config = await readJson(path);
  if (!config && required) return undefined;
  const architectures: unknown = config?.['architectures'];
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const weights: unknown = config?.['torch_dtype'] ?? config?.['dtype'];
  const modelType: unknown = config?.['model_type'];
  const fromPositions = config && tokensFromPositions(config, path);
  const unused = config ? unusedPositions(config) : 0;
  const usable = fromPositions ?? (await tokensFromTokenizer(folder)) ?? USUAL_POSITIONS - unused;
  return {
    architecture: typeof architecture === 'string' ? architecture : 'unknown',
    modelType: typeof modelType === 'string' ? modelType : undefined,
    unusedPositions: unused,
    weightsStored: typeof weights === 'string' ? weights : undefined,
    hasOwnCode: config?.['auto_map'] !== undefined,
    codeClass: codeClass(config),
    modules: await moduleFolders(folder),
    maxTokens: Math.min(usable, (await tokensFromSettings(folder)) ?? usable),
  };
}

async function tokensFromTokenizer(folder: string): Promise<number | undefined> {
  const length = (await readJson(join(folder, 'tokenizer_config.json')))?.['model_max_length'];
  return isCount(length, LARGEST_MAX_TOKENS) ? length : undefined;
}
