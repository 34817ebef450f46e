export interface Env {
  AI: {
    run(
      model: '@cf/baai/bge-reranker-base',
      inputs: { query: string; contexts: { text: string }[]; top_k?: number },
    ): Promise<{ response: { id: number; score: number }[] }>;
  };
}

const QUERY = 'Which of these is about cyber security?';

const CONTEXTS = [
  { text: 'A layered defence keeps an intruder who got past the firewall away from the database.' },
  { text: 'The new tram line opens in spring and shortens the way to the harbour by ten minutes.' },
  { text: 'Rotate the keys of your services, and log who used them.' },
];

export default {
  async fetch(_request: Request, env: Env): Promise<Response> {
    const { response } = await env.AI.run('@cf/baai/bge-reranker-base', { query: QUERY, contexts: CONTEXTS });
    return Response.json(response.map(({ id, score }) => ({ id, score, text: CONTEXTS[id]?.text })));
  },
};
