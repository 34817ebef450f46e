import type { NativeAnswers, NativePrompt } from '../addon/native-api';
import type { PromptTemplate } from '../types';
import { catalogEntry, hubName } from './catalog';
import { readChatTemplate } from './chat-template';
import { PROMPT_TEMPLATES } from './prompt-templates';

/** How a model is asked. */
export interface ModelPrompt {
  /** For people: a template's name, or the file that it was read from. */
  template: string;
  prompt: NativePrompt;
  /** Undefined where the model's own modules say it. */
  answers: NativeAnswers | undefined;
}

/** The template that the caller names, or the catalog. */
export function templateNameOf(model: string, asked: PromptTemplate | undefined): PromptTemplate | undefined {
  return asked ?? catalogEntry(hubName(model).split('@')[0]!)?.prompt;
}

/**
 * The caller's choice, else what the folder says, else what the catalog knows; undefined for a model that gets bare pairs.
 * @throws {RerankError} As `readChatTemplate`.
 */
export async function promptOf(
  { folder, model, hasLogitScore }: { folder: string; model: string; hasLogitScore: boolean },
  asked: PromptTemplate | undefined,
): Promise<ModelPrompt | undefined> {
  if (asked === undefined && hasLogitScore) {
    return { template: 'chat_template.jinja', prompt: await readChatTemplate(folder), answers: undefined };
  }
  const name = templateNameOf(model, asked);
  return name && { template: name, ...PROMPT_TEMPLATES[name] };
}
