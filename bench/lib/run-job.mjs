// Starts one measured process and waits for its result.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const PEERS = path.join(here, '../peers');
const TIME_LIMIT_MS = 20 * 60 * 1000;
const STDERR_KEPT = 2000;

/** Reasons for which a peer does not take part, in words; undefined when it does. */
export function reasonToSkip(peer, model, { python, isa }) {
  if (peer.needs && !model[peer.needs]) return `${model.name} has no ${peer.needs} file for it`;
  if (peer.python && !python) return 'no Python with the peers was found (--python)';
  if (isa && !peer.followsIsa) return `it cannot be kept to ${isa}`;
  return undefined;
}

function environment(threads, forced) {
  return {
    ...process.env,
    ...forced,
    OMP_NUM_THREADS: String(threads),
    RAYON_NUM_THREADS: String(threads),
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
  };
}

function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: TIME_LIMIT_MS });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr = (stderr + chunk).slice(-STDERR_KEPT)));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
}

/**
 * @param {{ peer, model, load, requests: string }} job `requests` is a file.
 * @returns The result of lib/peer-process.mjs or of its Python counterpart, with `skipped` or `failed` in words.
 */
export async function runJob({ peer, model, load, requests }, { threads, python, isa, environment: forced, folder }) {
  const file = path.join(folder, 'job.json');
  const output = path.join(folder, 'result.json');
  const job = { model, load, requests, threads, output, isa, options: peer.options ?? {} };
  if (peer.python) job.python = peer.python;
  else job.module = path.join(PEERS, peer.module);
  writeFileSync(file, JSON.stringify(job));
  writeFileSync(output, 'null');
  const [command, script] = peer.python
    ? [python, path.join(PEERS, 'python/peer_process.py')]
    : [process.execPath, path.join(here, 'peer-process.mjs')];
  const { code, signal, stderr } = await run(command, [script, file], environment(threads, forced));
  const result = JSON.parse(readFileSync(output, 'utf8'));
  return result ?? { failed: `the process ended with ${signal ?? `exit code ${code}`}`, trace: stderr };
}
