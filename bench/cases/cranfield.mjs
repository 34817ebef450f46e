/** The data set as it is: 30 candidates a query, about 250 tokens a pair; few pairs are longer than 512 and cut. */
export const cranfield = {
  name: 'cranfield',
  title: 'about 250 tokens a pair, as they are',
  build: async (dataset, _tokensOf, requests) =>
    dataset.queries.slice(0, requests).map(({ query, contexts }) => ({ query, contexts })),
};
