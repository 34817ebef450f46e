import type { RerankInput } from '../types';

/** A request and what a reference answers to it: scores by context. */
export interface ReferenceCase {
  source: string;
  /** sha256 of the tokenizer.json files of the models that the case is of. */
  tokenizers: readonly string[];
  architecture: string;
  input: RerankInput;
  scores: readonly number[];
}

const contexts = (...texts: string[]) => texts.map((text) => ({ text }));

/** Of BAAI/bge-reranker-base; -large has the same, so the name must tell them apart. */
const BGE_TOKENIZER = '9eb652ac4e40cc093272bbbe0f55d521cf67570060227109b5cdc20945a4489e';

/** Scores that a service or the model's authors published. */
export const REFERENCE_CASES: readonly ReferenceCase[] = [
  {
    source: "Workers AI's answer of @cf/baai/bge-reranker-base",
    tokenizers: [BGE_TOKENIZER],
    architecture: 'XLMRobertaForSequenceClassification',
    input: {
      query: 'Do you want some tea?',
      contexts: contexts('Yes, please.', 'No, thank you.', 'The bus is late.', 'My back hurts.'),
    },
    scores: [0.000834, 0.0000373, 0.0000374, 0.0000374],
  },
];

/** Requests for comparing with another engine: several scripts, and a passage that is cut. */
export const PARITY_CASES: readonly RerankInput[] = [
  {
    query: 'why is the sky blue',
    contexts: contexts(
      'Rayleigh scattering sends short wavelengths in every direction.',
      'The sea is cold in winter.',
      'Blue is a colour.',
    ),
  },
  {
    query: '什么是熊猫？',
    contexts: contexts('大熊猫是中国特有的动物。', 'El panda gigante vive en China.', 'naïve café — “quotes” … 😀'),
  },
  { query: 'a long passage', contexts: contexts('The words go on and on. '.repeat(400)) },
];
