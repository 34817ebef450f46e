/** A float32 as the shortest decimal of its double, always with a point: how Hugging Face's file writes scores. */
function decimal(score) {
  const value = Math.fround(score);
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/**
 * BAAI/bge-reranker-base's tokenizer.json from multilingual-e5-small's: the same vocabulary, but scores that are exact
 * float32 (the other file went through an inexact parser), a <mask> that takes the space before it, and an explicit
 * byte_fallback. The caller checks the sha256, so that a wrong guess cannot pass.
 */
export function rebuildBgeTokenizer(source) {
  const vocabAt = source.indexOf('"vocab": [');
  const maskAt = source.indexOf('"content": "<mask>"');
  const maskEnd = source.indexOf('}', maskAt);
  const mask = source
    .slice(maskAt, maskEnd)
    .replace('"lstrip": false', '"lstrip": true')
    .replace('"normalized": false', '"normalized": true');
  const vocab = source
    .slice(vocabAt)
    .replace(/(\n {8})(-?\d[\d.eE+-]*)(\n {6}\])/g, (_, before, score, after) => before + decimal(score) + after)
    .replace(/\n {2}\}\n\}$/, ',\n    "byte_fallback": false\n  }\n}');
  return source.slice(0, maskAt) + mask + source.slice(maskEnd, vocabAt) + vocab;
}
