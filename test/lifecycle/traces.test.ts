import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { minilmOnOnnxRuntime } from '../support/models';
import { temporaryFolder } from '../support/temporary-folder';

it('leaves no file in the temporary folder or the home: not its own, not those of the runtime’s telemetry', () => {
  const folder = temporaryFolder();
  const names = ['TMPDIR', 'TEMP', 'TMP', 'HOME', 'USERPROFILE', 'LOCALAPPDATA', 'XDG_CACHE_HOME'];
  const env = { ...process.env, ...Object.fromEntries(names.map((name) => [name, folder])) };
  delete env['ORT_DISABLE_TELEMETRY'];
  const child = path.join(__dirname, 'child.cjs');
  const args = ['--expose-gc', child, 'closed', 'return', path.resolve(minilmOnOnnxRuntime())];
  expect(execFileSync(process.execPath, args, { env, encoding: 'utf8' })).toBe('closed\n');
  expect(readdirSync(folder, { recursive: true })).toEqual([]);
});
