import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from 'bge-reranker/server';

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.join(HERE, '..', '..');
export const CACHE = path.resolve(process.env.BGE_RERANKER_CACHE || path.join(homedir(), '.cache', 'bge-reranker'));
/** Real weights, real relevance; answers to the name of Workers AI's model. */
export const MODEL = path.join(CACHE, 'models', 'cross-encoder', 'ms-marco-MiniLM-L-12-v2');
export const PYTHON = path.join(CACHE, 'clients', 'venv', 'bin', 'python');

export const ACCOUNT = '0123456789abcdef0123456789abcdef';
export const TOKEN = 'test-token';
export const RERANKER = '@cf/baai/bge-reranker-base';

export const QUERY = 'How do I keep tomatoes from splitting?';
export const TEXTS = [
  'The ferry to the island leaves every two hours in summer.',
  'Tomatoes split when a dry spell ends in heavy rain; water evenly and mulch, and fewer will crack.',
  'Peel tomatoes by dipping them in boiling water for half a minute.',
];
/** What any good reranker finds. */
export const BEST = 1;
export const CONTEXTS = TEXTS.map((text) => ({ text }));

export const hasPython = existsSync(path.join(path.dirname(path.dirname(PYTHON)), '.installed'));
export const PYTHON_SKIP = hasPython ? false : 'the Python clients are not installed';

export function start(options = {}) {
  return serve({ model: MODEL, port: 0, tokens: [TOKEN], ...options });
}

/** Runs a program to its end without blocking this process, which may be the server. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (output.stdout += chunk));
    child.stderr.on('data', (chunk) => (output.stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

/** For what hangs, on the slowest machine. */
export const LIMIT_MS = 300_000;

/** Waits until a URL answers; fails when the child has ended, or long before a test's limit. */
export async function answerOf(url, child) {
  const until = Date.now() + LIMIT_MS - 60_000;
  while (Date.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the program ended with ${child.exitCode ?? child.signalCode}`);
    }
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${url} did not answer`);
}

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** A port for a program that must be told one: below those that systems give out by themselves, which would take it first. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}
