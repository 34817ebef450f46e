// ONNX Runtime's library for the packages of our own that carry it: Microsoft's builds for the CPU, out of the wheels of
// the Python package onnxruntime (those in onnxruntime-node bring WebGPU or DirectML along and are half as large again).
// Wheels and files are checked by hash and lie in the cache, never in the repository.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fetched } from '../models/get-test-model.mjs';
import { targetNamed } from '../prebuild/targets.mjs';
import { unpackFromWheel } from '../models/wheel.mjs';

export const RUNTIME_VERSION = '1.30.0';

const NAMES = JSON.parse(readFileSync(new URL('../../src/addon/runtime-targets.json', import.meta.url), 'utf8'));
const LICENCE = '2f07c72751aed99790b8a4869cf2311df85a860b22ded05fa22803587a48922c';
const NOTICES = '143764b952fdb1a7c69ce653bfba74a7744d6a8a573bfb73e235fba356c83de3';

/** By target: the wheel, its library, and the name under which programs ask for it. */
const CARRIED = {
  'linux-x64': {
    platform: 'manylinux_2_28_x86_64',
    wheel: 'fa688e7891a6aa206636fe7372e27ee75fd17713289f6b4fc7b190e0a7de9328',
    library: ['libonnxruntime.so.1.30.0', 'c902c70b3003c0e99fada202f37478c515ae9bba7944c2b2abd0017bae0c82ed'],
    name: 'libonnxruntime.so.1',
  },
  'linux-arm64': {
    platform: 'manylinux_2_28_aarch64',
    wheel: '6c32a000d5139a38ba9349030b0032e3331acb559d596b22738d9d2b343a2b83',
    library: ['libonnxruntime.so.1.30.0', '8a218e1e446880131115c368ec7005969a5022af9a15a26173de648fef0b7789'],
    name: 'libonnxruntime.so.1',
  },
  'darwin-arm64': {
    platform: 'macosx_14_0_arm64',
    wheel: '001ed726c9bd5e2bc92faade7d37d889e9606a350b7d5529f0227df2e3bb57fd',
    library: ['libonnxruntime.1.30.0.dylib', 'b46713ea6a25a5227541c21001f6422c1ccdeaecc369aa026a61b752520325c3'],
    name: 'libonnxruntime.1.dylib',
  },
  'win32-x64': {
    platform: 'win_amd64',
    wheel: 'f3501472571f1b1eee50e017851e7929f5ea37312d2d8c2494a19e8fc58b4a38',
    library: ['onnxruntime.dll', 'e42c5c917207ff706530315177e39dca2539695a6a8d968a22225e34291b1f12'],
    name: 'onnxruntime.dll',
    // With the line ends of Windows.
    legal: {
      LICENSE: 'c250d6278f0b47a6439fb7592b08b58a55eb9f535aa49a1db63211c3f982b674',
      'ThirdPartyNotices.txt': 'c53a76501ef60db6f865f20599f220761201ac4057683acefdab37d861b86622',
    },
  },
};

/** The targets that have a library. */
export const RUNTIME_TARGETS = NAMES.map(targetNamed);

/** { library, name, legal }: the file, its name in the package, and [name, file] of its licence and notices. */
export async function runtimeFiles(target) {
  const { platform, wheel, library, name, legal } = CARRIED[target.name];
  const [file, sha256] = library;
  const notices = legal ?? { LICENSE: LICENCE, 'ThirdPartyNotices.txt': NOTICES };
  const hashes = { [`capi/${file}`]: sha256, ...notices };
  const folder = await fetched({
    folder: `onnxruntime-${RUNTIME_VERSION}/${target.name}`,
    hashes,
    fill: (partial) =>
      unpackFromWheel({
        requirement: `onnxruntime==${RUNTIME_VERSION}`,
        platform,
        sha256: wheel,
        prefix: 'onnxruntime/',
        names: Object.keys(hashes),
        folder: partial,
      }),
  });
  const inFolder = (each) => path.join(folder, each);
  return { library: inFolder(`capi/${file}`), name, legal: Object.keys(notices).map((each) => [each, inFolder(each)]) };
}
