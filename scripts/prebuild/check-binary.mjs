// Holds a built addon to what the package promises: the right machine, the glibc baseline, Node-API and nothing else
// of Node, only the C library needed, stripped, never unloaded. ELF is read with readelf; of the others the header is read here.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { GLIBC_BASELINE } from './targets.mjs';

const ELF_MACHINE = { x64: 'X86-64', arm64: 'AArch64' };
const MACH_CPU = { x64: 0x01000007, arm64: 0x0100000c };
/** MH_HAS_TLV_DESCRIPTORS: the loader of macOS never unloads what has thread-local variables. */
const MACH_THREAD_LOCAL = 0x800000;
const PE_MACHINE = { x64: 0x8664, arm64: 0xaa64 };
const ENTRY_POINTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const C_LIBRARY = /^(libc|libm|libdl|libpthread|librt|ld-linux-(x86-64|aarch64))\.so(\.\d+)?$/;
/** V8, libuv, and the C++ runtime of the process. */
const FOREIGN = /^(_Z|uv_|v8_)/;

const readelf = (flags, file) => execFileSync('readelf', ['--wide', ...flags, file], { encoding: 'utf8' });
const all = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
const listed = (names) => names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
const number = (version) => version.split('.').reduce((sum, part, at) => sum + Number(part) / 1000 ** at, 0);

function dynamicSymbols(file) {
  return readelf(['--dyn-syms'], file)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => /^\d+:$/.test(fields[0]) && fields.length >= 8)
    .map((fields) => ({ defined: fields[6] !== 'UND', name: fields[7].split('@')[0] }));
}

function elfFaults(file, target) {
  const faults = [];
  const header = readelf(['--file-header', '--section-headers', '--dynamic'], file);
  if (!header.includes(ELF_MACHINE[target.arch])) faults.push(`is not built for ${target.arch}`);
  if (/\s\.symtab\s/.test(header)) faults.push('is not stripped');
  // native/binding/stay_loaded.h says why it must not be.
  if (!/\(FLAGS_1\).*\bNODELETE\b/.test(header)) faults.push('can be unloaded (DF_1_NODELETE is not set)');
  const libraries = all(header, /\(NEEDED\).*\[(.+)\]/g).filter((name) => !C_LIBRARY.test(name));
  if (libraries.length) faults.push(`needs ${libraries.join(', ')}`);

  const symbols = dynamicSymbols(file);
  const exported = symbols.filter((symbol) => symbol.defined).map((symbol) => symbol.name);
  if (exported.sort().join() !== ENTRY_POINTS.join()) faults.push(`exports ${listed(exported)}`);
  const foreign = symbols.filter((symbol) => !symbol.defined && FOREIGN.test(symbol.name)).map((symbol) => symbol.name);
  if (foreign.length) faults.push(`takes ${listed(foreign)} from its surroundings`);

  const glibc = all(readelf(['--version-info'], file), /GLIBC_(\d[\d.]*)/g);
  const tooNew = [...new Set(glibc)].filter((version) => number(version) > number(GLIBC_BASELINE));
  if (target.libc === 'musl' && glibc.length) faults.push('needs glibc');
  else if (tooNew.length) faults.push(`needs glibc ${tooNew.join(', ')}, the baseline is ${GLIBC_BASELINE}`);
  return faults;
}

function machFaults(bytes, target) {
  if (bytes.readUInt32LE(0) !== 0xfeedfacf) return ['is not a 64-bit Mach-O file'];
  const faults = [];
  if (bytes.readUInt32LE(4) !== MACH_CPU[target.arch]) faults.push(`is not built for ${target.arch}`);
  if (!(bytes.readUInt32LE(24) & MACH_THREAD_LOCAL)) faults.push('can be unloaded (it has no thread-local variables)');
  return faults;
}

function peFaults(bytes, target) {
  const header = bytes.toString('latin1', 0, 2) === 'MZ' ? bytes.readUInt32LE(0x3c) : 0;
  if (!header || bytes.toString('latin1', header, header + 4) !== 'PE\0\0') return ['is not a PE file'];
  return bytes.readUInt16LE(header + 4) === PE_MACHINE[target.arch] ? [] : [`is not built for ${target.arch}`];
}

/** What is wrong with the file, as a list of phrases. */
export function binaryFaults(file, target) {
  const bytes = readFileSync(file);
  if (target.platform === 'darwin') return machFaults(bytes, target);
  if (target.platform === 'win32') return peFaults(bytes, target);
  if (bytes.toString('latin1', 0, 4) !== '\x7fELF') return ['is not an ELF file'];
  return elfFaults(file, target);
}
