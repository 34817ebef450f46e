// ONNX Runtime chooses its kernels by CPUID and has no setting to choose fewer. So that a processor can stand for an older
// one on both sides, its library is copied with `ud2` in the place of every `cpuid`, and hide_cpuid.c answers those.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What each forced instruction set leaves to ONNX Runtime. */
const HIDDEN = {
  avx2: 'avx512,avx_vnni,amx',
  'avx-vnni': 'avx512,amx',
  'avx512-vnni': 'amx',
  'avx512-bf16': 'amx',
};
const CPUID = Buffer.from([0x0f, 0xa2]);
const UD2 = Buffer.from([0x0f, 0x0b]);

const here = path.dirname(fileURLToPath(import.meta.url));
const runtime = fileURLToPath(
  new URL('../peers/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1', import.meta.url),
);

/** Where the addresses of code lie in the file: { address, offset, size } of every loaded segment (ELF64). */
function segmentsOf(file) {
  const header = Buffer.alloc(0x1000);
  const descriptor = openSync(file);
  readSync(descriptor, header, 0, header.length, 0);
  closeSync(descriptor);
  const [first, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)];
  const PT_LOAD = 1;
  return Array.from({ length: count }, (_, i) => first + i * size)
    .filter((at) => header.readUInt32LE(at) === PT_LOAD)
    .map((at) => ({
      offset: Number(header.readBigUInt64LE(at + 8)),
      address: Number(header.readBigUInt64LE(at + 16)),
      size: Number(header.readBigUInt64LE(at + 32)),
    }));
}

/** A disassembler finds them: the two bytes are also parts of other instructions. */
function cpuidAddresses(file) {
  const listing = execFileSync('objdump', ['-d', '--no-show-raw-insn', file], { encoding: 'utf8', maxBuffer: 2 ** 31 });
  return [...listing.matchAll(/^\s*([0-9a-f]+):\s+cpuid\s*$/gm)].map(([, address]) => parseInt(address, 16));
}

function patchedRuntime(folder) {
  const bytes = readFileSync(runtime);
  const segments = segmentsOf(runtime);
  for (const address of cpuidAddresses(runtime)) {
    const segment = segments.find((each) => address >= each.address && address < each.address + each.size);
    const at = address - segment.address + segment.offset;
    if (!bytes.subarray(at, at + 2).equals(CPUID)) throw new Error(`${runtime} has no cpuid where objdump says so`);
    UD2.copy(bytes, at);
  }
  // Under the name by which onnxruntime-node's binding asks for it, so that the loader takes this one.
  const patched = path.join(folder, 'libonnxruntime.so.1');
  writeFileSync(patched, bytes);
  return patched;
}

/**
 * Environment in which ONNX Runtime for Node runs as on a processor whose best is `isa`. Linux x64; needs gcc and objdump.
 * @param {string} folder For the copy of the library (46 MB).
 */
export function environmentFor(isa, folder) {
  const hidden = HIDDEN[isa];
  if (!hidden) throw new Error(`--isa ${isa}: nothing can be hidden from ONNX Runtime for it; name no peers`);
  const hide = path.join(folder, 'hide_cpuid.so');
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', path.join(here, 'hide_cpuid.c'), '-o', hide]);
  const library = patchedRuntime(folder);
  // ONNXRUNTIME_LIBRARY: the one that this package opens where it runs a model on ONNX Runtime.
  return { BENCH_HIDDEN: hidden, LD_PRELOAD: `${hide}:${library}`, ONNXRUNTIME_LIBRARY: library };
}
