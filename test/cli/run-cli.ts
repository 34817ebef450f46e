import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { noted } from '../support/processes';

const MAIN = join(__dirname, '..', '..', 'dist', 'cli', 'main.js');

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** `nodeArgs` are Node's own. The test file ends it through `killRunning`, should a test fail. */
export function spawnCli(args: string[], options: SpawnOptions = {}, nodeArgs: string[] = []): ChildProcess {
  return noted(spawn(process.execPath, [...nodeArgs, MAIN, ...args], options));
}

/** Runs the built command line to its end; `input` is its stdin. */
export async function runCli(args: string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<CliResult> {
  const child = spawnCli(args, { env: { ...process.env, NO_COLOR: '1', ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command that ends before it reads is no failure here.
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(input);
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
