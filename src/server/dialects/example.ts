/** What every route's example asks, in its own words: real text, so that whoever sends it sees the order shown. */
export const EXAMPLE = {
  query: 'How long is the warranty?',
  texts: ['The battery lasts ten hours.', 'Laptops have a warranty of two years.'],
  contexts: [{ text: 'The battery lasts ten hours.' }, { text: 'Laptops have a warranty of two years.' }],
} as const;
