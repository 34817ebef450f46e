import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HERE, LIMIT_MS, PYTHON, PYTHON_SKIP, run, start, TOKEN } from './support.mjs';

describe('schemathesis against /openapi.json', { skip: PYTHON_SKIP }, () => {
  let server;
  before(async () => (server = await start()));
  after(() => server.close());

  it('finds nothing with all checks', { timeout: 4 * LIMIT_MS }, async () => {
    const program = path.join(path.dirname(PYTHON), 'schemathesis');
    // How long its data take to make, or an answer to come, is no property of the API.
    const patience = ['--suppress-health-check', 'too_slow', '--request-timeout', '240'];
    const options = ['--checks', 'all', '--max-examples', '50', '--seed', '1', '--continue-on-failure', ...patience];
    const args = ['--config-file', path.join(HERE, 'schemathesis.toml'), 'run', `${server.url}/openapi.json`];
    const { code, stdout, stderr } = await run(program, [...args, '-H', `Authorization: Bearer ${TOKEN}`, ...options], {
      cwd: path.dirname(PYTHON),
    });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /Operations:\s+12 selected/);
    assert.doesNotMatch(stdout, /0 generated/);
  });
});
