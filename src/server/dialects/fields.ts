import * as v from 'valibot';
import type { Served } from './dialect';

/** Building blocks that several dialects' schemas share. Which of them a dialect takes is as its own server's parser does. */
export const anyText = v.string();
export const text = v.pipe(v.string(), v.minLength(1));
export const anyTexts = v.pipe(v.array(anyText), v.minLength(1));
export const document = v.union([anyText, v.looseObject({ text: anyText })]);
export const documents = v.pipe(v.array(document), v.minLength(1));
export const flag = v.nullish(v.boolean());
export const model = v.nullish(v.string());
/** Null and absent mean all. */
export const topN = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1)));
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const documentOut = v.object({ text: v.string() });

export type Document = v.InferOutput<typeof document>;

export function textOf(given: Document): string {
  return typeof given === 'string' ? given : given.text;
}

/** A body that has one of these fields at least, whatever is in it. */
export function withAnyOf(...fields: string[]) {
  return v.union(fields.map((field) => v.looseObject({ [field]: v.unknown() })));
}

// What is documented and not done: one rule for all dialects. A value that asks for what happens anyway is taken, every
// other is refused by its field's name. Undocumented fields are let be, as the servers themselves do.

/** Only these values, null and absence: they ask for what happens anyway. */
export function only(...values: (string | number | boolean)[]) {
  return v.nullish(v.union([...values.map((value) => v.literal(value)), v.null()]));
}

/** A field that no score, order or answer depends on, whatever is in it. */
export const ignored = v.optional(v.unknown());

/** Tokens of a side or pair: a limit that cuts nothing, as the model's own is no more. `none` means no limit. */
export function tokenLimit({ info }: Served, none?: number) {
  const limits = v.pipe(v.number(), v.integer(), v.minValue(info.maxLength));
  return v.nullish(none === undefined ? limits : v.union([v.literal(none), limits]));
}
