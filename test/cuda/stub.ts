import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findInCarrier } from '../../src/addon/load-runtime';
import type { ModelInfo, RerankerOptions, RerankInput } from '../../src/types';

const root = join(__dirname, '..', '..');
const library = join(root, 'build', 'cuda-stub', 'libonnxruntime.so');

/** Builds stub_runtime.cpp; absolute path of the library. */
export function buildStub(): string {
  mkdirSync(dirname(library), { recursive: true });
  const headers = join(root, 'deps', '.fetched', 'onnxruntime-headers');
  const source = join(__dirname, 'stub_runtime.cpp');
  const flags = ['-std=c++20', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden'];
  // Moved into place when it is whole: other tests may be using the last one.
  const made = `${library}.${process.pid}`;
  execFileSync(process.env['CXX'] || 'c++', [...flags, '-isystem', headers, source, '-o', made, '-ldl']);
  renameSync(made, library);
  return library;
}

/** The library that the stand-in passes everything else on to. */
export function realRuntime(): string {
  const carrier = dirname(require.resolve('onnxruntime-node/package.json'));
  const found = findInCarrier(carrier, process.platform, process.arch);
  if (!found) throw new Error('onnxruntime-node has no library for this platform');
  return found;
}

export interface StubEvent {
  /** The test process that the provider is tried in, or the one that loads the model. */
  in: 'probe' | 'host';
  pid: number;
  event: string;
  options?: Record<string, string>;
  device?: number;
  name?: string;
  shape?: [number, number];
  memory?: string;
  bytes?: number;
  blocks?: number;
}

/** An environment with the stand-in in it, and what it wrote. */
export function stubEnvironment(settings: Record<string, string> = {}): {
  env: NodeJS.ProcessEnv;
  events: () => StubEvent[];
} {
  const log = join(mkdtempSync(join(tmpdir(), 'bge-cuda-')), 'log.jsonl');
  writeFileSync(log, '');
  return {
    env: { ...process.env, ONNXRUNTIME_LIBRARY: library, STUB_RUNTIME: realRuntime(), STUB_LOG: log, ...settings },
    events: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as StubEvent),
  };
}

export interface Outcome {
  info?: ModelInfo;
  scoredPairs?: number;
  batches?: number;
  /** By index of the context. */
  logits?: number[];
  error?: { code: string; message: string };
  events: StubEvent[];
}

/** Loads the model and makes the call in a process of its own, with the stand-in. */
export function rerankWithStub(
  folder: string,
  options: RerankerOptions,
  input: RerankInput,
  settings?: Record<string, string>,
): Outcome {
  const { env, events } = stubEnvironment(settings);
  const task = JSON.stringify({ folder, options, input });
  const output = execFileSync(process.execPath, [join(__dirname, 'child.cjs')], { env, input: task, encoding: 'utf8' });
  return { ...(JSON.parse(output) as Omit<Outcome, 'events'>), events: events() };
}
