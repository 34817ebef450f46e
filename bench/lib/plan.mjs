// Which measurements a run consists of, and the requests each of them sends.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildCase } from '../cases/index.mjs';

const MANY_CALLERS = 32;
const CONTEXTS_OF_MANY = 10;
export const CONTEXTS_OF_ONE = 30;
/** Requests of a pass where few passages are sent, for percentiles over different texts. */
const REQUESTS_OF_FEW = 16;
const FEW = [1, 3, 5, 10];

/** capacity: pairs/s of the same peer under `many`, for the loads that are fractions of it. */
const LOADS = {
  one: () => ({ kind: 'closed', callers: 1, contexts: CONTEXTS_OF_ONE }),
  ...Object.fromEntries(FEW.map((contexts) => [`few${contexts}`, () => ({ kind: 'closed', callers: 1, contexts })])),
  many: () => ({ kind: 'closed', callers: MANY_CALLERS, contexts: CONTEXTS_OF_MANY }),
  open50: (capacity) => ({ kind: 'open', rate: (0.5 * capacity) / CONTEXTS_OF_MANY, contexts: CONTEXTS_OF_MANY }),
  open80: (capacity) => ({ kind: 'open', rate: (0.8 * capacity) / CONTEXTS_OF_MANY, contexts: CONTEXTS_OF_MANY }),
};

const passages = (count) => (count === 1 ? 'one passage' : `${count} passages`);

export const LOAD_TITLES = {
  one: `one caller, ${CONTEXTS_OF_ONE} passages a request`,
  ...Object.fromEntries(FEW.map((contexts) => [`few${contexts}`, `one caller, ${passages(contexts)} a request`])),
  many: `${MANY_CALLERS} callers, ${CONTEXTS_OF_MANY} passages a request`,
  open50: `constant arrival at 50 % of the peer's own capacity, ${CONTEXTS_OF_MANY} passages a request`,
  open80: `constant arrival at 80 % of the peer's own capacity, ${CONTEXTS_OF_MANY} passages a request`,
};
export const LOAD_NAMES = Object.keys(LOADS);
export const needsCapacity = (load) => load.startsWith('open');
/** An open loop needs time for its tail: so many times the seconds of a closed one. */
const OPEN_TIMES = 3;

export function makeLoad(name, seconds, capacity) {
  const load = LOADS[name](capacity);
  return { ...load, seconds: load.kind === 'open' ? OPEN_TIMES * seconds : seconds };
}

function requestCount(load, model) {
  if (load === 'one') return model.requestsPerPass;
  return load.startsWith('few') ? REQUESTS_OF_FEW : MANY_CALLERS;
}

/** The loads of a case: many callers and constant arrival are measured on the first case only, unless asked for. */
function loadsOf(model, caseName, asked) {
  if (asked) return asked;
  return caseName === model.cases[0] ? model.loads : model.loads.slice(0, 1);
}

/**
 * Every (model, case, load) with its requests written to a file.
 * @param encoders By the model's name, pairs as they are before truncation.
 * @param {{ cases?: string[], loads?: string[] }} asked Instead of what the model's entry says.
 */
export async function planMeasurements(models, asked, dataset, encoders, folder) {
  const plan = [];
  for (const model of models) {
    const encode = encoders.get(model.name);
    const tokensOf = async (query, text) => (await encode(query, [text]))[0].ids.length;
    for (const caseName of asked.cases ?? model.cases) {
      const loads = loadsOf(model, caseName, asked.loads);
      const all = await buildCase(
        caseName,
        dataset,
        tokensOf,
        Math.max(...loads.map((load) => requestCount(load, model))),
      );
      for (const load of loads) {
        const requests = all.slice(0, requestCount(load, model));
        const file = path.join(folder, `${model.name}-${caseName}-${load}.json`);
        writeFileSync(file, JSON.stringify(requests));
        plan.push({
          model,
          caseName,
          load,
          requests: file,
          tokensPerPair: await meanTokens(requests, load, encode, model),
        });
      }
    }
  }
  return plan;
}

async function meanTokens(requests, load, encode, { maxLength }) {
  const { contexts } = LOADS[load](1);
  let tokens = 0;
  let pairs = 0;
  for (const request of requests) {
    const encodings = await encode(request.query, request.contexts.slice(0, contexts));
    pairs += encodings.length;
    for (const { ids } of encodings) tokens += Math.min(ids.length, maxLength);
  }
  return tokens / pairs;
}
