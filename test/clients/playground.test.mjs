import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { BEST, LIMIT_MS, QUERY, ROOT, start, TEXTS, TOKEN } from './support.mjs';

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARTIFACTS = path.join(ROOT, 'artifacts', 'playground');
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
});
