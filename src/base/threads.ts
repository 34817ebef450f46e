import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** '/a/b' → ['/a/b', '/a', '/']: a quota binds all groups below it. */
function withAncestors(group: string): string[] {
  const parts = group.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, cut) => '/' + parts.slice(0, parts.length - cut).join('/'));
}

/** CPUs' worth of time, or undefined for "no limit" ('max' in v2, -1 in v1) and unreadable files. */
function share(quota: string | undefined, period: string | undefined): number | undefined {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : undefined;
}

function quotaV2(mount: string, group: string): number | undefined {
  const [quota, period] = read(join(mount, group, 'cpu.max'))?.split(' ') ?? [];
  return share(quota, period);
}

function quotaV1(mount: string, group: string): number | undefined {
  const folder = join(mount, group);
  return share(read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us')));
}

/**
 * The CPU time that this process's control groups (v1 and v2) grant it, in CPUs; undefined without a limit.
 * Inside a container the group named by /proc/self/cgroup may not exist below the mount: its root then stands for it,
 * which is why the walk ends at '/'. `root` is the file system's root, for tests.
 */
export function cgroupCpus(root = '/'): number | undefined {
  const fs = join(root, 'sys/fs/cgroup');
  const quotas: (number | undefined)[] = [];
  for (const line of read(join(root, 'proc/self/cgroup'))?.split('\n') ?? []) {
    const [id, controllers = '', ...rest] = line.split(':');
    const groups = withAncestors(rest.join(':'));
    if (id === '0' && controllers === '') {
      quotas.push(...groups.flatMap((group) => [quotaV2(fs, group), quotaV2(join(fs, 'unified'), group)]));
    } else if (controllers.split(',').includes('cpu')) {
      quotas.push(
        ...groups.flatMap((group) => [quotaV1(join(fs, controllers), group), quotaV1(join(fs, 'cpu'), group)]),
      );
    }
  }
  const limits = quotas.filter((quota) => quota !== undefined);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** Cores this process may use: its affinity mask, less where a control group grants less CPU time (rounded up). */
export function defaultThreads(parallelism = availableParallelism(), quota = cgroupCpus()): number {
  return Math.max(1, Math.min(parallelism, Math.ceil(quota ?? parallelism)));
}
