import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { zig } from './zig.mjs';

const TOOLCHAIN = fileURLToPath(new URL('zig-toolchain.cmake', import.meta.url));

/** The import library that names what node.exe exports, made from the definitions of node-api-headers. */
function nodeImportLibrary(compiler, target, folder) {
  const { def_paths: definitions } = createRequire(import.meta.url)('node-api-headers');
  const library = path.join(folder, 'node.lib');
  mkdirSync(folder, { recursive: true });
  const machine = { x64: 'i386:x86-64', arm64: 'arm64' }[target.arch];
  execFileSync(compiler, ['dlltool', '-m', machine, '-D', 'node.exe', '-d', definitions.node_api_def, '-l', library]);
  return library;
}

/** CMake's cache entries for a target, as { name: value }; `folder` takes what has to be made for them. */
export function cmakeOptions(target, folder) {
  const compiler = zig();
  const options = {
    CMAKE_TOOLCHAIN_FILE: TOOLCHAIN,
    BGE_ZIG: compiler,
    BGE_ZIG_TRIPLE: target.zigTriple,
    BGE_ZIG_SYSTEM: target.cmakeSystem,
    BGE_ZIG_PROCESSOR: target.cmakeProcessor,
  };
  if (target.platform === 'win32') options.BGE_NODE_LIBRARY = nodeImportLibrary(compiler, target, folder);
  return options;
}
