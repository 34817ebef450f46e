// A server in a process of its own: options as JSON in the first argument; prints its URL, ends as `bge-reranker serve` does.
const { closeOnSignals, serve } = require('../../dist/server');

serve({ port: 0, ...JSON.parse(process.argv[2]) }).then((server) => {
  closeOnSignals(server);
  console.log(server.url);
});
