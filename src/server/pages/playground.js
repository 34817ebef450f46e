// Runs in the browser. Texts go into the page as text nodes only.
(() => {
  const byId = (id) => document.getElementById(id);
  const endpoint = byId('model').dataset.endpoint;

  /** What was typed: lines, a JSON list, or a whole request body. */
  function readContexts(typed) {
    const trimmed = typed.trim();
    if (!/^[[{]/.test(trimmed))
      return { contexts: toContexts(trimmed.split('\n').filter((line) => line.trim() !== '')) };
    let parsed;
    try {
      parsed = JSON.parse(trimmed);
    } catch (error) {
      throw new Error(`The passages look like JSON but are not: ${error.message}`, { cause: error });
    }
    return Array.isArray(parsed) ? { contexts: toContexts(parsed) } : parsed;
  }

  function toContexts(items) {
    return items.map((item) => (typeof item === 'string' ? { text: item } : item));
  }

  function readRequest() {
    const body = { query: byId('query').value, ...readContexts(byId('passages').value) };
    const topK = byId('top-k').value;
    return topK === '' ? body : { ...body, top_k: Number(topK) };
  }

  async function send(body) {
    const started = performance.now();
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    const milliseconds = performance.now() - started;
    byId('response').textContent = pretty(text);
    const parsed = JSON.parse(text);
    if (!answer.ok) throw new Error(`${parsed.errors[0].code}: ${parsed.errors[0].message}`);
    return { result: parsed.result, milliseconds };
  }

  function pretty(text) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function row({ id, score }, text) {
    const item = document.createElement('li');
    const left = element('div', 'score', score.toFixed(6));
    left.append(element('span', 'id', `id ${id}`));
    const right = element('div', 'text', text);
    const bar = element('div', 'bar');
    bar.style.width = `${Math.max(0, Math.min(1, score)) * 100}%`;
    right.append(bar);
    item.append(left, right);
    return item;
  }

  function show({ result, milliseconds }, { contexts }) {
    const { response, usage } = result;
    byId('results').replaceChildren(...response.map((entry) => row(entry, contexts[entry.id].text)));
    const rate = ((contexts.length / milliseconds) * 1000).toFixed(0);
    byId('status').textContent =
      `${response.length} of ${contexts.length} passages in ${milliseconds.toFixed(1)} ms, ` +
      `${usage.prompt_tokens} tokens, ${rate} passages a second`;
  }

  function fail(error) {
    byId('results').replaceChildren();
    byId('status').textContent = 'No ranking.';
    byId('error').textContent = error.message;
    byId('error').hidden = false;
  }

  let running = false;
  async function run() {
    if (running) return;
    running = true;
    byId('run').setAttribute('aria-disabled', 'true');
    byId('error').hidden = true;
    byId('status').textContent = 'Running …';
    try {
      const body = readRequest();
      byId('request').textContent = JSON.stringify(body, null, 2);
      show(await send(body), body);
    } catch (error) {
      fail(error);
    } finally {
      running = false;
      byId('run').removeAttribute('aria-disabled');
    }
  }

  byId('form').addEventListener('submit', (event) => {
    event.preventDefault();
    run();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
  });
})();
