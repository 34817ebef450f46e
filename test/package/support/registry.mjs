// An npm registry on this machine that knows the packages given to it and nothing else.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const digest = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

/** `packages` are { manifest, tarball? }: without a tarball only the manifest is known, which npm reads to choose. */
export async function startRegistry(packages) {
  const tarballs = new Map();
  const documents = new Map();
  const asked = [];

  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    asked.push(name);
    const body = tarballs.get(name) ?? documents.get(name);
    response.writeHead(body === undefined ? 404 : 200).end(body ?? '{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;

  const versionOf = ({ manifest, tarball }) => {
    const file = `-/${manifest.name}-${manifest.version}.tgz`;
    const bytes = tarball === undefined ? Buffer.alloc(0) : readFileSync(tarball);
    if (tarball !== undefined) tarballs.set(file, bytes);
    const integrity = `sha512-${digest('sha512', bytes, 'base64')}`;
    return { ...manifest, dist: { tarball: url + file, integrity, shasum: digest('sha1', bytes, 'hex') } };
  };
  for (const name of new Set(packages.map(({ manifest }) => manifest.name))) {
    const versions = packages.filter(({ manifest }) => manifest.name === name).map(versionOf);
    const latest = versions.at(-1).version;
    const byVersion = Object.fromEntries(versions.map((each) => [each.version, each]));
    documents.set(name, JSON.stringify({ name, 'dist-tags': { latest }, versions: byVersion }));
  }
  return { url, asked, close: () => new Promise((resolve) => server.close(resolve)) };
}
