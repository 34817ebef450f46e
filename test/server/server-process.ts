import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ServeOptions } from '../../src/server';
import { minilmFolder } from '../support/models';
import { endOf, noted } from '../support/processes';

export interface ServerProcess {
  child: ChildProcess;
  url: string;
  port: number;
  /** Resident bytes; undefined where the system does not tell. */
  residentBytes: () => number | undefined;
  metric: (name: string) => Promise<number>;
  /** SIGTERM; its exit code. */
  stop: () => Promise<number | null>;
}

function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** No idle connection is closed just when a test makes its next request on it. */
const KEEP_ALIVE_MS = 600_000;

/** `bge-reranker serve` with the MiniLM, in a process of its own; `killRunning` ends it where a test fails. */
export async function startServer(options: Omit<ServeOptions, 'logger'> = {}): Promise<ServerProcess> {
  const given = JSON.stringify({ model: minilmFolder(), keepAliveTimeoutMs: KEEP_ALIVE_MS, ...options });
  const program = path.join(__dirname, 'server-child.cjs');
  const child = noted(spawn(process.execPath, [program, given], { stdio: ['ignore', 'pipe', 'inherit'] }));
  const exited = endOf(child);
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    exited.then(({ code }) => [`exit ${String(code)}`]),
  ])) as [Buffer];
  const url = line.toString().trim();
  return {
    child,
    url,
    port: Number(new URL(url).port),
    residentBytes: () => residentBytes(child.pid!),
    async metric(name) {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(
        text
          .split('\n')
          .find((row) => row.startsWith(`${name} `))
          ?.split(' ')[1],
      );
    },
    async stop() {
      child.kill('SIGTERM');
      return (await exited).code;
    },
  };
}
