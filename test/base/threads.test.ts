import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cgroupCpus, defaultThreads } from '../../src/base/threads';
import { temporaryFolder } from '../support/temporary-folder';

let root: string;
beforeEach(() => (root = temporaryFolder()));

function fileSystem(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

describe('cgroup v2', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['max 100000\n', undefined],
    ['rubbish\n', undefined],
  ])('cpu.max %j: %p CPUs', (text, cpus) => {
    fileSystem({ 'proc/self/cgroup': '0::/a/b\n', 'sys/fs/cgroup/a/b/cpu.max': text });
    expect(cgroupCpus(root)).toBe(cpus);
  });

  it('takes the tightest of the group and those above it', () => {
    fileSystem({
      'proc/self/cgroup': '0::/a/b\n',
      'sys/fs/cgroup/a/b/cpu.max': 'max 100000',
      'sys/fs/cgroup/a/cpu.max': '200000 100000',
      'sys/fs/cgroup/cpu.max': '400000 100000',
    });
    expect(cgroupCpus(root)).toBe(2);
  });

  it('looks at the root of the mount in a container that does not see its own group', () => {
    fileSystem({ 'proc/self/cgroup': '0::/docker/abc\n', 'sys/fs/cgroup/cpu.max': '50000 100000' });
    expect(cgroupCpus(root)).toBe(0.5);
  });
});

describe('cgroup v1', () => {
  it('reads the quota of the group with the cpu controller', () => {
    fileSystem({
      'proc/self/cgroup': '5:memory:/x\n4:cpu,cpuacct:/docker/abc\n',
      'sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '250000\n',
      'sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000\n',
    });
    expect(cgroupCpus(root)).toBe(2.5);
  });

  it('-1 is no limit', () => {
    fileSystem({
      'proc/self/cgroup': '4:cpu:/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(cgroupCpus(root)).toBeUndefined();
  });
});

it('no cgroups: no limit', () => {
  expect(cgroupCpus(root)).toBeUndefined();
});

it.each([
  [8, undefined, 8],
  [8, 1.5, 2],
  [8, 0.2, 1],
  [2, 16, 2],
])('%p cores, quota %p: %p threads', (cores, quota, threads) => {
  expect(defaultThreads(cores, quota)).toBe(threads);
});
