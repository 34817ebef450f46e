// The platforms that get a prebuilt addon, and how each is built from any machine.
import { readFileSync } from 'node:fs';

/** glibc that the Linux binaries may need at most; check-binary.mjs holds them to it. */
export const GLIBC_BASELINE = '2.17';

const NAMES = JSON.parse(readFileSync(new URL('../../src/addon/prebuilt-targets.json', import.meta.url), 'utf8'));
const CPU = { x64: 'x86_64', arm64: 'aarch64' };
const SYSTEM = { linux: 'Linux', darwin: 'Darwin', win32: 'Windows' };
// The oldest macOS that Node 20 runs on.
const MACOS = { x64: '10.15', arm64: '11.0' };

function zigTriple({ platform, arch, libc }) {
  const cpu = CPU[arch];
  if (platform === 'darwin') return `${cpu}-macos.${MACOS[arch]}`;
  if (platform === 'win32') return `${cpu}-windows-gnu`;
  return libc === 'musl' ? `${cpu}-linux-musl` : `${cpu}-linux-gnu.${GLIBC_BASELINE}`;
}

function target(name) {
  const [platform, arch, tag] = name.split('-');
  const libc = platform === 'linux' ? (tag ?? 'glibc') : undefined;
  const packages = { package: `bge-reranker-${name}`, runtimePackage: `bge-reranker-onnxruntime-${name}` };
  const parts = { name, ...packages, platform, arch, libc };
  return { ...parts, zigTriple: zigTriple(parts), cmakeSystem: SYSTEM[platform], cmakeProcessor: CPU[arch] };
}

/** name, package, runtimePackage (there is one for pack/onnxruntime.mjs's targets only), platform, arch, libc (Linux: glibc or musl), zigTriple, cmakeSystem, cmakeProcessor. */
export const TARGETS = NAMES.map(target);

export function targetNamed(name) {
  const found = TARGETS.find((each) => each.name === name);
  if (!found) throw new Error(`No target ${name}; there are ${NAMES.join(', ')}.`);
  return found;
}
