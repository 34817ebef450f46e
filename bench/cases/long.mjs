import { fittedRequests } from './fit.mjs';

const TOKENS = 512;

export const long = {
  name: 'long',
  title: '512 tokens a pair',
  build: (dataset, tokensOf, requests) => fittedRequests(dataset, tokensOf, requests, TOKENS, () => TOKENS),
};
