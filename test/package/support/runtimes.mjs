// Other runtimes than this Node, from npm: Node 22 and 24, Bun, Deno. Their packages exist for linux-x64 with glibc.
import path from 'node:path';
import { hostTarget } from '../../../scripts/prebuild/prebuild.mjs';
import { installed } from './install.mjs';

const others = hostTarget().name === 'linux-x64';
const file = (...names) => path.join(installed('runtimes'), ...names);

/** [name, command] of each Node: this one and, where they exist, 22 and 24. */
export const NODES = [
  ['Node', [process.execPath]],
  ...(others ? ['22', '24'].map((major) => [`Node ${major}`, [file(`node${major}`, 'bin', 'node')]]) : []),
];

/** [name, command] of each runtime, the Nodes among them. */
export const RUNTIMES = [
  ...NODES,
  ...(others
    ? [
        ['Bun', [file('@oven', 'bun-linux-x64', 'bin', 'bun')]],
        ['Deno', [file('@deno', 'linux-x64-glibc', 'deno'), 'run', '--allow-all']],
      ]
    : []),
];
