// Piscina over two threads: node pool.cjs <model folder>
const path = require('node:path');
const { Piscina } = require('piscina');

async function main() {
  const pool = new Piscina({ filename: path.join(__dirname, 'rerank.cjs'), maxThreads: 2 });
  const answers = await Promise.all(Array.from({ length: 4 }, () => pool.run(process.argv[2])));
  await pool.destroy();
  console.log(answers.join(' '));
}
void main();
