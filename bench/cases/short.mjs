import { fittedRequests } from './fit.mjs';

const TOKENS = 64;

export const short = {
  name: 'short',
  title: '64 tokens a pair',
  build: (dataset, tokensOf, requests) => fittedRequests(dataset, tokensOf, requests, TOKENS, () => TOKENS),
};
