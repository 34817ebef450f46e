// What is in the packages, before they are installed.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { binaryFaults } from '../../scripts/prebuild/check-binary.mjs';
import { targetNamed } from '../../scripts/prebuild/targets.mjs';
import { bin, ROOT } from './support/packed.mjs';
import { packed, run } from './support/project.mjs';

test('a binary that breaks the promises is refused, and why is said', () => {
  const theirs = path.join(ROOT, 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node');
  const said = binaryFaults(theirs, targetNamed('linux-arm64')).join('; ');
  for (const fault of [
    /not built for arm64/,
    /not stripped/,
    /can be unloaded/,
    /needs libonnxruntime/,
    /exports _Z/,
    /takes _Z/,
  ]) {
    assert.match(said, fault);
  }
  assert.deepEqual(binaryFaults(theirs, targetNamed('win32-x64')), ['is not a PE file']);
});

describe('tarballs', () => {
  const paths = ({ files }) => files.map((file) => file.path).sort();

  test('bge-reranker holds JavaScript, declarations and documents only', (t) => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'THIRD_PARTY_NOTICES.md', 'package.json'];
    const docs = /^docs\/([\w-]+\.md|images\/[\w-]+\.svg)$/;
    const built = /^dist\/(.+\.(js|d\.ts|json)|server\/pages\/.+\.(html|css))$/;
    const others = paths(packed.main).filter((file) => !built.test(file) && !docs.test(file));
    assert.deepEqual(others, documents);
    t.diagnostic(`${packed.main.filename}: ${packed.main.size} bytes`);
  });

  test("the platform's package holds one addon", (t) => {
    const { platform, arch } = packed.target;
    const documents = ['LICENSE', 'README.md', 'THIRD_PARTY_NOTICES.md', 'package.json'];
    const expected = [...documents, 'index.js', `prebuilds/${platform}-${arch}/bge-reranker.node`];
    assert.deepEqual(paths(packed.addon), expected.sort());
    t.diagnostic(`${packed.addon.filename}: ${packed.addon.size} bytes`);
  });

  test("ONNX Runtime's package holds its library and its licence", (t) => {
    const files = paths(packed.runtime);
    const documents = ['LICENSE', 'README.md', 'ThirdPartyNotices.txt', 'index.js', 'package.json'];
    assert.deepEqual(
      files.filter((file) => !/^lib\/[^/]*onnxruntime[^/]*$/.test(file)),
      documents,
    );
    assert.equal(files.length, documents.length + 1);
    t.diagnostic(`${packed.runtime.filename}: ${packed.runtime.size} bytes`);
  });

  test('without ONNX Runtime they are below 5 MB', () => assert.ok(packed.main.size + packed.addon.size < 5e6));

  test('publint and arethetypeswrong have nothing to say', async () => {
    await run(bin('publint'), ['run', packed.main.path, '--strict']);
    // TypeScript's node10 resolution too, which knows no `exports`: typesVersions stands in for them.
    await run(bin('attw'), [packed.main.path]);
  });
});
