import { randomFrom } from '../lib/random.mjs';
import { fittedRequests } from './fit.mjs';

const SHORTEST = 64;
const LONGEST = 512;
const SEED = 2;

/** As many pairs of 64 to 128 tokens as of 256 to 512: where padding to the longest costs most. */
export const mixed = {
  name: 'mixed',
  title: '64 to 512 tokens a pair, log-uniform',
  build: (dataset, tokensOf, requests) => {
    const random = randomFrom(SEED);
    const lengthOf = () => Math.floor(SHORTEST * (LONGEST / SHORTEST) ** random());
    return fittedRequests(dataset, tokensOf, requests, SHORTEST, lengthOf);
  },
};
