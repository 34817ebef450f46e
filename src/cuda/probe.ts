import { execFile } from 'node:child_process';
import { nativeAddonFile } from '../addon/load-native';
import type { NativeCudaOptions, NativeFailure } from '../addon/native-api';

/** In the child's environment: what to do. A process that has it probes nothing, whatever program it is. */
const TASK = 'BGE_RERANKER_CUDA_PROBE';

/** The first use of many GPUs in a machine takes many seconds; it seldom takes a minute. */
const LIMIT_MS = 60_000;

interface Task {
  addon: string;
  runtimePath: string;
  options: NativeCudaOptions;
  limitMs: number;
}

/** What the child runs: no file of ours has to be found, whatever packs or transpiles this one. */
const PROGRAM = `
const { addon, runtimePath, options, limitMs } = JSON.parse(process.env.${TASK});
const load = process.getBuiltinModule('module').createRequire(addon);
const failure = load(addon).probeCuda(runtimePath, options, 2 * limitMs);
process.stdout.write('\\n' + JSON.stringify({ failure }) + '\\n', () => process.exit());
`;

function childEnvironment(task: Task): NodeJS.ProcessEnv {
  // Hooks and inspectors of the host have no business in the child.
  return { ...process.env, NODE_OPTIONS: '', ELECTRON_RUN_AS_NODE: '1', [TASK]: JSON.stringify(task) };
}

/** The child's answer: the last line that it wrote. Libraries may write to its standard output as well. */
function answerIn(output: string): { failure?: NativeFailure } | undefined {
  try {
    return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as { failure?: NativeFailure };
  } catch {
    return undefined;
  }
}

interface Ended {
  error: (Error & { killed?: boolean; signal?: NodeJS.Signals | null; code?: number | string | null }) | null;
  output: string;
}

/** The child has a later limit of its own, for when this process is no longer there to end it. */
function runChild(task: Task): Promise<Ended> {
  const options = {
    env: childEnvironment(task),
    timeout: task.limitMs,
    killSignal: 'SIGKILL',
    windowsHide: true,
  } as const;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', PROGRAM], options, (error, output) => {
      process.off('exit', kill);
      resolve({ error, output });
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
  });
}

const notStarted = (error: unknown) =>
  `no child process could be started to try it in (${(error as Error).message}); allow it`;

function whatHappened({ error, output }: Ended, limitMs: number): string | undefined {
  const answer = answerIn(output);
  if (answer) return answer.failure?.message;
  if (error?.killed) {
    return `the CUDA libraries or the driver did not answer within ${limitMs / 1000} s; restart the driver or the machine`;
  }
  if (typeof error?.code === 'string') return notStarted(error);
  const how = error?.signal ?? `exit code ${error?.code ?? 0}`;
  return `the CUDA libraries or the driver ended a test process (${how}); install those that fit together`;
}

/** A single executable application: started again, it would be the host and not Node. */
const isSingleExecutable = () => {
  // Bun and Deno lack the module.
  const sea = process.getBuiltinModule('node:sea') as typeof import('node:sea') | undefined;
  return sea?.isSea() ?? false;
};

const usable = new Set<string>();

/**
 * Tries the CUDA provider in a process of its own, which a bad driver may crash or block: undefined when it works, else
 * one clause that says what is wrong and what to do. What worked once is not tried again in this process, and nothing
 * is tried where the host cannot start Node.
 */
export async function probeCuda(
  runtimePath: string,
  options: NativeCudaOptions,
  limitMs = LIMIT_MS,
): Promise<string | undefined> {
  if (process.env[TASK] !== undefined) return 'this process is itself a test of the CUDA provider';
  if (isSingleExecutable()) return undefined;
  const task: Task = { addon: nativeAddonFile(), runtimePath, options, limitMs };
  const key = JSON.stringify(task);
  if (usable.has(key)) return undefined;
  const ended = await runChild(task).catch((error: unknown) => ({
    error: error as Ended['error'],
    output: '',
  }));
  const reason = whatHappened(ended, limitMs);
  if (reason === undefined) usable.add(key);
  return reason;
}
