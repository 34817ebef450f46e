import * as v from 'valibot';

// What pydantic takes for a bool and an int when it is not strict, as the FastAPI servers of infinity, vLLM and Jina use it.

const inAnyCase = (words: string[]) =>
  words.flatMap((word) => [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)]);
const TRUE = new Set(inAnyCase(['true', 'yes', 'on', 't', 'y', '1']));
const FALSE = new Set(inAnyCase(['false', 'no', 'off', 'f', 'n', '0']));

export const laxFlag = v.nullish(
  v.union([
    v.boolean(),
    v.pipe(
      v.picklist([...TRUE, ...FALSE]),
      v.transform((word) => TRUE.has(word)),
    ),
    v.pipe(
      v.picklist([0, 1]),
      v.transform((bit) => bit === 1),
    ),
  ]),
);

/** Whole numbers as JSON numbers or in a string, from `least` (0 or 1) on. */
export function laxCount(least: 0 | 1) {
  const digits = least === 0 ? /^\s*\+?\d+(?:\.0*)?\s*$/ : /^\s*\+?0*[1-9]\d*(?:\.0*)?\s*$/;
  return v.nullish(
    v.union([
      v.pipe(v.number(), v.integer(), v.minValue(least)),
      v.pipe(v.string(), v.regex(digits), v.transform(Number)),
    ]),
  );
}
