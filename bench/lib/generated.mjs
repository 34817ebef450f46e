// Passages of our own making, for machines without Cranfield: right lengths, no judgements.
import { randomFrom } from './random.mjs';

const SUBJECTS = [
  'the boundary layer',
  'a laminar wake',
  'the shock wave',
  'a thin wing',
  'the cooling duct',
  'an inlet',
];
const VERBS = ['separates from', 'heats', 'is measured along', 'is compared with', 'slows', 'depends on'];
const OBJECTS = ['the leading edge', 'a blunt body', 'the nozzle wall', 'theory at low speed', 'the free stream'];
const ENDINGS = ['at high Mach numbers', 'in two dimensions', 'with suction', 'under heat transfer', 'without slip'];

const QUERIES = 40;
const CONTEXTS = 30;
const SEED = 1;

/** The same passages on every machine: 6 to 28 sentences each, about 250 tokens on average. */
export function generatedDataset() {
  const random = randomFrom(SEED);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const sentence = () => `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)} ${pick(ENDINGS)} .`;
  const passage = () => Array.from({ length: 6 + Math.floor(random() * 23) }, sentence).join(' ');
  const queries = Array.from({ length: QUERIES }, (_, id) => ({
    id: String(id),
    query: `what is known about ${pick(SUBJECTS)} and ${pick(OBJECTS)} ${pick(ENDINGS)} ?`,
    contexts: Array.from({ length: CONTEXTS }, passage),
  }));
  return { name: 'generated passages', queries, reference: new Map() };
}
