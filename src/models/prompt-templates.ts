import type { NativeAnswers, NativePrompt } from '../addon/native-api';
import type { PromptTemplate } from '../types';

/** What a causal model was trained to answer, and the two tokens that it answers with. */
export interface NamedPrompt {
  prompt: NativePrompt;
  /** In the vocabulary that all Qwen models since Qwen2 share. */
  answers: NativeAnswers;
}

const QWEN3_SYSTEM =
  '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. ' +
  'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: ';
const QWEN3_INSTRUCTION = 'Given a web search query, retrieve relevant passages that answer the query';

const MXBAI_SYSTEM =
  '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' +
  '<|im_start|>user\n';
const MXBAI_TASK =
  'You are a search relevance expert who evaluates how well documents match search queries. For each query-document ' +
  'pair, carefully analyze the semantic relationship between them, then provide your binary relevance judgment (0 for ' +
  'not relevant, 1 for relevant).\nRelevance:';

/** As the models' own code has them (Qwen3-Reranker's model card, mixedbread-ai/mxbai-rerank). */
export const PROMPT_TEMPLATES: Readonly<Record<PromptTemplate, NamedPrompt>> = {
  'qwen3-reranker': {
    prompt: {
      beforeQuery: `${QWEN3_SYSTEM}${QWEN3_INSTRUCTION}\n<Query>: `,
      instructed: { before: QWEN3_SYSTEM, after: '\n<Query>: ' },
      beforePassage: '\n<Document>: ',
      end: '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n',
      joined: true,
    },
    // yes, no
    answers: { relevant: 9693, other: 2152 },
  },
  'mxbai-rerank-v2': {
    prompt: {
      beforeQuery: `${MXBAI_SYSTEM}query: `,
      instructed: { before: `${MXBAI_SYSTEM}instruction: `, after: '\nquery: ' },
      beforePassage: '\ndocument: ',
      end: `\n${MXBAI_TASK}<|im_end|>\n<|im_start|>assistant\n`,
      // Its code tokenises query and document each on its own.
      joined: false,
    },
    // 1, 0
    answers: { relevant: 16, other: 15 },
  },
};

export const PROMPT_TEMPLATE_NAMES = Object.keys(PROMPT_TEMPLATES) as readonly PromptTemplate[];
