import { join } from 'node:path';
import type { NativePrompt } from '../addon/native-api';
import { RerankError } from '../errors';
import { readJsonFile, readTextFile } from './config';

/** A chat template, and what it may ask for beside the messages. */
interface ChatTemplate {
  /** Absolute. */
  path: string;
  source: string;
  variables: Record<string, unknown>;
}

/** Texts that stand for those of a pair. White space at their ends shows whether the template trims. */
interface Probe {
  system?: string;
  query: string;
  document: string;
}

const PROBES: readonly [Probe, Probe] = [
  { system: ' \nins-9d1c instruction\n ', query: ' \nqry-9d1c query\n ', document: ' \ndoc-9d1c document\n ' },
  { system: '\tins 71f0?', query: '\tqry 71f0? So', document: '\tdoc 71f0, 2 lines\nof it.' },
];

const SPECIAL_TOKENS = ['bos_token', 'eos_token', 'pad_token', 'unk_token', 'sep_token', 'cls_token', 'mask_token'];

type Json = Record<string, unknown>;

/** tokenizer_config.json gives a token as its text, or as an object with it. */
const tokenText = (token: unknown): unknown => (token as { content?: unknown } | null | undefined)?.content ?? token;

/** Of several templates the one called default. */
function templateIn(config: Json | undefined): string | undefined {
  const template = config?.['chat_template'];
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  return (template as { name?: unknown; template?: string }[]).find(({ name }) => name === 'default')?.template;
}

/** What Sentence Transformers gives to the template: `processing_kwargs.chat_template`. */
function givenVariables(settings: Json | undefined): Json {
  const { chat_template: given } = (settings?.['processing_kwargs'] ?? {}) as { chat_template?: Json };
  return given ?? {};
}

/** Undefined where the folder has none. */
async function findChatTemplate(folder: string): Promise<ChatTemplate | undefined> {
  const own = join(folder, 'chat_template.jinja');
  const configPath = join(folder, 'tokenizer_config.json');
  const config = await readJsonFile(configPath);
  const ownSource = await readTextFile(own);
  const source = ownSource ?? templateIn(config);
  if (source === undefined) return undefined;
  const settings = await readJsonFile(join(folder, 'sentence_bert_config.json'));
  const tokens = SPECIAL_TOKENS.map((name) => [name, tokenText(config?.[name])]);
  const variables = {
    add_generation_prompt: false,
    ...Object.fromEntries(tokens),
    ...givenVariables(settings),
  } as Json;
  return { path: ownSource === undefined ? configPath : own, source, variables };
}

/** Of the package, whose types are those of an ES module alone. */
interface Jinja {
  Template: new (source: string) => { render(variables: Json): string };
}

type Content = string | { type: 'text'; text: string }[];
type Render = (probe: Probe) => string;

/** The two forms in which templates expect a message's content. */
const FORMS: readonly ((text: string) => Content)[] = [(text) => text, (text) => [{ type: 'text', text }]];

/** The texts around the probe's, one more than it has; undefined where it does not stand there as it is. */
function around(render: Render, probe: Probe): string[] | undefined {
  let rest = render(probe);
  const pieces: string[] = [];
  for (const text of [probe.system, probe.query, probe.document]) {
    if (text === undefined) continue;
    const parts = rest.split(text);
    if (parts.length !== 2) return undefined;
    pieces.push(parts[0]!);
    rest = parts[1]!;
  }
  return [...pieces, rest];
}

/** The same pieces for any texts, or undefined. */
function piecesOf(render: Render, withSystem: boolean): string[] | undefined {
  const [first, second] = PROBES.map(({ system, ...pair }) => {
    try {
      return around(render, withSystem ? { system, ...pair } : pair);
    } catch {
      // raise_exception() of the template, for messages that it does not take.
      return undefined;
    }
  });
  return first && second && JSON.stringify(first) === JSON.stringify(second) ? first : undefined;
}

function toPrompt(render: Render): NativePrompt | undefined {
  const plain = piecesOf(render, false);
  if (!plain) return undefined;
  const [beforeQuery, beforePassage, end] = plain as [string, string, string];
  const instructed = piecesOf(render, true);
  const fits = instructed?.[2] === beforePassage && instructed[3] === end;
  return {
    beforeQuery,
    instructed: fits ? { before: instructed[0]!, after: instructed[1]! } : undefined,
    beforePassage,
    end,
    joined: true,
  };
}

function renderers({ source, variables, path }: ChatTemplate): Render[] {
  // Loaded only here: few models have such a template.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { Template } = require('@huggingface/jinja') as Jinja;
  let template: InstanceType<Jinja['Template']>;
  try {
    template = new Template(source);
  } catch (cause) {
    throw new RerankError('MODEL_INVALID', `${path} is no Jinja template; fetch the model again`, { path, cause });
  }
  return FORMS.map((form) => ({ system, query, document }: Probe) => {
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: form(system) }]),
      { role: 'query', content: form(query) },
      { role: 'document', content: form(document) },
    ];
    return template.render({ ...variables, messages });
  });
}

/**
 * The folder's chat template with the roles query and document, and system for an instruction, as the text around them.
 * It is rendered with texts of our own, once a model, never with those of a request.
 * @throws {RerankError} MODEL_NOT_FOUND without a template, MODEL_UNSUPPORTED for one that does more than put the texts
 *   in their places, MODEL_INVALID.
 */
export async function readChatTemplate(folder: string): Promise<NativePrompt> {
  const template = await findChatTemplate(folder);
  if (!template) {
    const path = join(folder, 'chat_template.jinja');
    const message = `${folder} has no chat_template.jinja; put it there, or name the template with promptTemplate`;
    throw new RerankError('MODEL_NOT_FOUND', message, { path });
  }
  for (const render of renderers(template)) {
    const prompt = toPrompt(render);
    if (prompt) return prompt;
  }
  const { path } = template;
  throw new RerankError(
    'MODEL_UNSUPPORTED',
    `${path} does more with messages of the roles query and document than to put their texts, as they are, in this order into fixed text; name another template with promptTemplate`,
    { path },
  );
}
