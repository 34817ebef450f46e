import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Fills up to `width` cells of a terminal, where a Chinese character or an emoji takes two. */
export function padColumns(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** As much of a text as `width` cells hold, whole characters, with an ellipsis where it is cut. */
export function cutColumns(text: string, width: number): string {
  // Characters with no width at all make no line long enough to look at more.
  const seen = text.slice(0, 20 * width);
  if (seen.length === text.length && stringWidth(text) <= width) return text;
  let shown = '';
  let cells = 0;
  for (const { segment } of graphemes.segment(seen)) {
    cells += stringWidth(segment);
    if (cells > width - 1) break;
    shown += segment;
  }
  return `${shown}…`;
}

export const columnsOf = (text: string): number => stringWidth(text);
