import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { BEST, LIMIT_MS, QUERY, ROOT, start, TEXTS, TOKEN } from './support.mjs';

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARTIFACTS = path.join(ROOT, 'artifacts', 'playground');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const skip = existsSync(BROWSER) ? false : `${BROWSER} is not here: apt-get install chromium, or set CHROMIUM`;

describe('the playground in Chromium', { skip }, () => {
  let server, browser;
  before(async () => {
    mkdirSync(ARTIFACTS, { recursive: true });
    server = await start();
    browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'], timeout: LIMIT_MS });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function newPage(options) {
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(LIMIT_MS);
    return page;
  }

  /** A page that has passed the token, and what went wrong or out on it. */
  async function open(options = {}) {
    const page = await newPage({ httpCredentials: { username: '', password: TOKEN }, ...options });
    const wrong = [];
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('request', (request) => request.url().startsWith(server.url) || wrong.push(request.url()));
    await page.goto(`${server.url}/`);
    return { page, wrong };
  }

  const scores = (page) => page.locator('#results .score').allInnerTexts();

  it('asks for the token', async () => {
    const page = await newPage();
    const answer = await page.goto(`${server.url}/`).catch(() => undefined);
    assert.notEqual(answer?.status(), 200);
  });

  for (const colorScheme of ['light', 'dark']) {
    it(`by keyboard alone, ${colorScheme}`, async () => {
      const { page, wrong } = await open({ colorScheme });
      await page.keyboard.press('Tab');
      const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
      while ((await focused()) !== 'query') await page.keyboard.press('Tab');
      await page.keyboard.press('Control+A');
      await page.keyboard.type(QUERY);
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'passages');
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(TEXTS.join('\n'));
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'top-k');
      await page.keyboard.press('Tab');
      assert.equal(await focused(), 'run');
      await page.keyboard.press('Enter');
      await page.locator('#results li').nth(2).waitFor();
      const first = page.locator('#results li').first();
      assert.match(await first.innerText(), /splitting|split/);
      assert.match(await first.innerText(), new RegExp(`id ${BEST}`));
      const numbers = (await scores(page)).map((text) => parseFloat(text));
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => b - a),
      );
      const widths = await page.locator('#results .bar').evaluateAll((bars) => bars.map((bar) => bar.clientWidth));
      assert.ok(widths[0] >= widths[1] && widths[1] >= widths[2]);
      assert.match(
        await page.locator('#status').innerText(),
        /^3 of 3 passages in [\d.]+ ms, \d+ tokens, \d+ passages a second$/,
      );
      assert.deepEqual(JSON.parse(await page.locator('#request').textContent()).contexts.length, 3);
      assert.equal(JSON.parse(await page.locator('#response').textContent()).success, true);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const brightness = background
        .match(/\d+/g)
        .slice(0, 3)
        .reduce((sum, part) => sum + Number(part), 0);
      assert.equal(brightness > 384, colorScheme === 'light');
      await page.screenshot({ path: path.join(ARTIFACTS, `${colorScheme}.png`), fullPage: true });
      assert.deepEqual(wrong, []);
    });
  }

  it('takes JSON: strings, contexts, a whole body; top_k; Ctrl+Enter', async () => {
    const { page, wrong } = await open();
    const inputs = [
      TEXTS,
      TEXTS.map((text) => ({ text })),
      { query: QUERY, contexts: TEXTS.map((text) => ({ text })) },
    ];
    await page.fill('#query', QUERY);
    await page.fill('#top-k', '2');
    for (const input of inputs) {
      await page.fill('#passages', JSON.stringify(input));
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await page.keyboard.press('Control+Enter');
      await answered;
      await page.locator('#status', { hasText: '2 of 3' }).waitFor();
      assert.equal((await scores(page)).length, 2);
      await page.locator('#status', { hasText: 'of 3 passages' }).waitFor();
    }
    assert.deepEqual(wrong, []);
  });

  it('says readably what is wrong, and shows texts as text', async () => {
    const { page } = await open();
    const error = page.locator('#error');
    await page.fill('#query', '');
    await page.click('#run');
    await error.waitFor();
    assert.match(await error.innerText(), /5006: .*Length of '\/query' must be >= 1/);
    assert.match(await error.innerText(), /^The query is empty/);
    assert.equal(await page.getAttribute('#query', 'aria-invalid'), 'true');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'query');
    await page.fill('#query', 'q');
    await page.fill('#passages', '[{"text": ');
    await page.click('#run');
    await page.locator('#error', { hasText: 'look like JSON but are not' }).waitFor();
    await page.fill('#passages', '<img src=x onerror=document.title="taken">');
    await page.click('#run');
    await page.locator('#results li').waitFor();
    assert.equal(await error.isHidden(), true);
    assert.match(await page.locator('#results .text').innerText(), /<img/);
    assert.equal(await page.locator('#results img').count(), 0);
    assert.equal(await page.getAttribute('#query', 'aria-invalid'), null);
  });

  it('is usable on a phone: nothing wider than the screen', async () => {
    const { page } = await open({ viewport: { width: 360, height: 740 } });
    await page.click('#run');
    await page.locator('#results li').first().waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
    await page.screenshot({ path: path.join(ARTIFACTS, 'phone.png'), fullPage: true });
  });

  it('docs: every route, no script', async () => {
    const { page, wrong } = await open();
    await page.goto(`${server.url}/docs`);
    const titles = await page.locator('h2').allInnerTexts();
    for (const route of ['POST /rerank', 'POST /v1/rerank', 'POST /v2/rerank', 'POST /score'])
      assert.ok(titles.includes(route));
    assert.equal(await page.locator('script').count(), 0);
    assert.deepEqual(wrong, []);
  });

  it('bars show small differences by their logits, and each passage its move', async () => {
    const { page, wrong } = await open();
    await page.fill('#query', QUERY);
    await page.fill('#passages', TEXTS.join('\n'));
    await page.click('#run');
    await page.locator('#results li').nth(2).waitFor();
    const bars = () =>
      page.locator('#results .bar').evaluateAll((all) => all.map((bar) => parseFloat(bar.style.width)));
    const byScore = await bars();
    assert.ok(byScore[1] < 5 && byScore[2] < 5, `two that look alike: ${byScore}`);
    await page.getByLabel('logit').check();
    const byLogit = await bars();
    assert.deepEqual([byLogit[0], byLogit[2]], [100, 0]);
    assert.ok(byLogit[1] > 5, `the second differs from the third: ${byLogit}`);
    const { response } = JSON.parse(await page.locator('#response').textContent()).result;
    const logits = (await scores(page)).map((text) => parseFloat(text));
    response.forEach(({ score }, i) => assert.ok(Math.abs(Math.log(score / (1 - score)) - logits[i]) < 1e-3));
    const moves = await page.locator('#results .id:last-child').allInnerTexts();
    assert.deepEqual(
      moves,
      response.map(({ id }, place) =>
        id === place ? 'as before' : `${place < id ? '↑' : '↓'} ${Math.abs(id - place)}`,
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it('an error stands at its field, with the API’s own text below', async () => {
    const { page } = await open();
    const cases = [
      ['#query', '', 'query', '#query'],
      ['#top-k', '0', 'top-k', '.row:has(#top-k)'],
      ['#passages', '[{"text": ""}]', 'passages', '#passages'],
      ['#passages', '{', 'passages', '#passages'],
    ];
    for (const [field, value, focused, place] of cases) {
      const before = await page.inputValue(field);
      await page.fill(field, value);
      await page.click('#run');
      await page.locator(`${place} + #error`).waitFor();
      const [words, own] = (await page.locator('#error').innerText()).split('\n');
      assert.match(words, /^[A-Z].*\.$|^top_k/);
      assert.ok(own.length > 0);
      assert.equal(await page.evaluate(() => document.activeElement.id), focused);
      assert.equal(await page.getAttribute(field, 'aria-errormessage'), 'error');
      await page.fill(field, before);
    }
    await page.click('#run');
    await page.locator('#results li').first().waitFor();
    assert.equal(await page.locator('#error').isHidden(), true);
  });

  it('opened without a slash at the end of its mount it works', async () => {
    const proxy = createServer((incoming, outgoing) => {
      const path = incoming.url.replace(/^\/rerank-ui\/?/, '/');
      const body = incoming.method === 'POST' ? { body: incoming, duplex: 'half' } : {};
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': incoming.headers['content-type'] ?? '' };
      fetch(server.url + path, { method: incoming.method, headers, ...body }).then(async (answer) => {
        const type = answer.headers.get('content-type') ?? 'text/plain';
        outgoing.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
      });
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const page = await newPage();
      for (const address of ['/rerank-ui', '/rerank-ui/']) {
        await page.goto(`http://127.0.0.1:${proxy.address().port}${address}`);
        await page.click('#run');
        await page.locator('#results li').first().waitFor();
        await page.getByRole('link', { name: 'API docs' }).click();
        await page.locator('h2').first().waitFor();
        assert.match(page.url(), /\/rerank-ui\/docs$/);
      }
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  /** What a person may see of the two pages, by name. */
  const STATES = {
    new: () => undefined,
    ranked: async (page) => {
      await page.click('#run');
      await page.locator('#results li').first().waitFor();
    },
    logits: async (page) => {
      await STATES.ranked(page);
      await page.getByLabel('logit').check();
    },
    opened: async (page) => {
      await STATES.ranked(page);
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
    'wrong query': async (page) => {
      await page.fill('#query', '');
      await page.click('#run');
      await page.locator('#error').waitFor();
    },
    'wrong passages': async (page) => {
      await page.fill('#passages', '[{"text": ');
      await page.click('#run');
      await page.locator('#error').waitFor();
    },
    'wrong top_k': async (page) => {
      await page.fill('#top-k', '0');
      await page.click('#run');
      await page.locator('#error').waitFor();
    },
    failed: async (page) => {
      await page.route('**/ai/run/**', (route) => route.abort());
      await page.click('#run');
      await page.locator('#error').waitFor();
    },
    docs: (page) => page.goto(`${server.url}/docs`),
    'docs opened': async (page) => {
      await STATES.docs(page);
      for (const summary of (await page.locator('summary').all()).slice(0, 3)) await summary.click();
    },
  };
  for (const width of [390, 1440]) {
    for (const colorScheme of ['light', 'dark']) {
      it(`nothing that axe finds, and nothing wider than the screen: ${width} px, ${colorScheme}`, async () => {
        for (const [name, reach] of Object.entries(STATES)) {
          const { page } = await open({ colorScheme, viewport: { width, height: 844 } });
          await reach(page);
          const { violations } = await page.evaluate(`${AXE}; axe.run()`);
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          const file = `${name.replaceAll(' ', '-')}-${width}-${colorScheme}.png`;
          await page.screenshot({ path: path.join(ARTIFACTS, file), fullPage: true });
          assert.deepEqual({ name, found, wide: wide <= width }, { name, found: [], wide: true });
          await page.context().close();
        }
      });
    }
  }
});
