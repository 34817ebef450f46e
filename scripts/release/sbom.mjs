// What ships, as a CycloneDX bill of materials and a licence report, into build/release/: the packages that npm installs
// with ours, the sources compiled into the addon, and ONNX Runtime. Fails on anything without a licence, or with one not listed here.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUNTIME_VERSION } from '../pack/onnxruntime.mjs';

const TOOL = '@cyclonedx/cyclonedx-npm@6.0.1';
const ALLOWED = [
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  '(MIT OR CC0-1.0)',
  'Apache-2.0 OR MIT',
];
/** npm packages whose headers are compiled in. */
const COMPILED_IN = ['node-addon-api', 'node-api-headers'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

function installedWithUs() {
  const tool = ['--yes', TOOL, '--package-lock-only', '--omit', 'dev', '--output-format', 'JSON'];
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1e8, shell: process.platform === 'win32' };
  return JSON.parse(execFileSync('npx', tool, options));
}

function compiledIn() {
  const require = createRequire(import.meta.url);
  const headers = COMPILED_IN.map((name) => require(`${name}/package.json`)).map(({ name, version, license }) => ({
    name,
    version,
    licence: license,
    purl: `pkg:npm/${name}@${version}`,
  }));
  const fetched = json(path.join(root, 'deps', 'manifest.json')).dependencies;
  return [...headers, ...fetched].map((each) => component(each, 'compiled in'));
}

/** What the packages with ONNX Runtime's library hold (scripts/pack/onnxruntime.mjs). */
const opened = () =>
  component(
    { name: 'onnxruntime', version: RUNTIME_VERSION, licence: 'MIT', purl: `pkg:pypi/onnxruntime@${RUNTIME_VERSION}` },
    'opened at run time',
  );

const component = ({ name, version, licence, purl = `pkg:generic/${name}@${version}` }, use) => ({
  type: 'library',
  name,
  version,
  'bom-ref': purl,
  purl,
  licenses: [licence.includes(' OR ') ? { expression: licence } : { license: { id: licence } }],
  properties: [{ name: 'bge-reranker:use', value: use }],
});

const licenceOf = ({ licenses = [] }) =>
  licenses.map(({ expression, license }) => expression ?? license.id ?? license.name).join(' AND ');

const bom = installedWithUs();
bom.components.push(...compiledIn(), opened());
const lines = bom.components.map((each) => `${each.name} ${each.version}: ${licenceOf(each) || 'none'}`).sort();
const folder = path.join(root, 'build', 'release');
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'sbom.cdx.json'), `${JSON.stringify(bom, null, 2)}\n`);
writeFileSync(path.join(folder, 'licences.txt'), `${lines.join('\n')}\n`);
console.log(lines.join('\n'));
const refused = bom.components.filter((each) => !ALLOWED.includes(licenceOf(each)));
if (refused.length > 0) {
  console.error(`Not among the licences that may ship: ${refused.map(({ name }) => name).join(', ')}.`);
  process.exitCode = 1;
}
