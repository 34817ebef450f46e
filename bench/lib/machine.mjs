// What a reader must know of the machine to compare figures.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

const CPU_FLAGS = ['avx2', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8', 'amx_bf16', 'i8mm', 'bf16'];

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');

function cpuFlags() {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(read('/proc/cpuinfo'))?.[1] ?? '';
  const all = new Set(line.trim().split(/\s+/));
  return CPU_FLAGS.filter((flag) => all.has(flag));
}

function commit() {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  try {
    return execFileSync('git', ['-C', root, 'describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

export function describeMachine() {
  const [cpu] = os.cpus();
  return {
    cpu: cpu.model,
    cores: os.availableParallelism(),
    flags: cpuFlags(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'))?.[1] ?? os.version(),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    loadAverage: os.loadavg()[0],
    commit: commit(),
  };
}
