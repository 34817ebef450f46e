// Runs in the browser. Texts go into the page as text nodes only.
(() => {
  const byId = (id) => document.getElementById(id);
  // Relative addresses hold where the page was opened with a slash at its end; a server of others may mount it without.
  const base = location.pathname.endsWith('/') ? '' : `${location.pathname.split('/').pop()}/`;
  const endpoint = base + byId('model').dataset.endpoint;
  for (const link of document.querySelectorAll('nav a')) link.setAttribute('href', base + link.getAttribute('href'));

  /** In words for people, and the field that it is about; the API's own text stands below. */
  const EXPLANATIONS = [
    [/'\/query'/, 'query', 'The query is empty: type what you search for.'],
    [/'\/top_k'/, 'top-k', 'top_k must be a whole number of 1 or more, or empty for all.'],
    [/'\/contexts\/(\d+)/, 'passages', 'A passage is empty or has no text.'],
    [/query,contexts|'\/contexts'/, 'passages', 'There are no passages that can be read: give one a line.'],
    [/look like JSON/, 'passages', 'The passages are not the JSON that they begin as.'],
  ];

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

  /** What the reranker did to a passage: where it stood in the input, where it stands now. */
  function move(from, to) {
    if (from === to) return element('span', 'id', 'as before');
    const places = Math.abs(from - to);
    const made = element('span', 'id', `${to < from ? '↑' : '↓'} ${places}`);
    made.title = `${to < from ? 'Up' : 'Down'} ${places} from place ${from + 1} of the input`;
    return made;
  }

  /** Scores near 0 and 1 differ little, their logits as much as others'. A score that is 0 or 1 in float64 has none. */
  function logit(score) {
    return Math.max(-40, Math.min(40, Math.log(score / (1 - score))));
  }

  /** A number to show and a share of the bar, of each score as the switch has it. */
  function scaleFor(scores) {
    if (document.querySelector('[name=bars]:checked').value === 'score')
      return (score) => ({ shown: score.toFixed(6), share: Math.max(0, Math.min(1, score)) });
    const logits = scores.map(logit);
    const lowest = Math.min(...logits);
    const range = Math.max(...logits) - lowest || 1;
    return (score) => ({ shown: logit(score).toFixed(3), share: (logit(score) - lowest) / range });
  }

  function row({ id, score }, text, place, scale) {
    const item = document.createElement('li');
    const { shown, share } = scale(score);
    const left = element('div', 'score', shown);
    left.append(element('span', 'id', `id ${id}`), move(id, place));
    const right = element('div', 'text', text);
    const bar = element('div', 'bar');
    bar.style.width = `${share * 100}%`;
    right.append(bar);
    item.append(left, right);
    return item;
  }

  /** The ranking again, when the switch is moved. */
  let draw = () => undefined;

  function show({ result, milliseconds }, { contexts }) {
    const { response, usage } = result;
    draw = () => {
      const scale = scaleFor(response.map(({ score }) => score));
      const rows = response.map((entry, place) => row(entry, contexts[entry.id].text, place, scale));
      byId('results').replaceChildren(...rows);
    };
    draw();
    const rate = ((contexts.length / milliseconds) * 1000).toFixed(0);
    byId('status').textContent =
      `${response.length} of ${contexts.length} passages in ${milliseconds.toFixed(1)} ms, ` +
      `${usage.prompt_tokens} tokens, ${rate} passages a second`;
  }

  function fail(error) {
    draw = () => undefined;
    byId('results').replaceChildren();
    byId('status').textContent = 'No ranking.';
    const [, field, explanation] = EXPLANATIONS.find(([pattern]) => pattern.test(error.message)) ?? [];
    byId('error').replaceChildren(
      ...(explanation ? [element('strong', '', explanation), document.createElement('br')] : []),
      error.message,
    );
    byId('error').hidden = false;
    // It stands at its field; what is about none stands with the ranking.
    const place = field ? byId(field) : byId('status');
    (place.closest('.row') ?? place).after(byId('error'));
    if (!field) return;
    byId(field).setAttribute('aria-invalid', 'true');
    byId(field).setAttribute('aria-errormessage', 'error');
    byId(field).focus();
  }

  function clearError() {
    byId('error').hidden = true;
    for (const field of document.querySelectorAll('[aria-invalid]')) {
      field.removeAttribute('aria-invalid');
      field.removeAttribute('aria-errormessage');
    }
  }

  let running = false;
  async function run() {
    if (running) return;
    running = true;
    byId('run').setAttribute('aria-disabled', 'true');
    clearError();
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
  byId('bars').addEventListener('change', () => draw());
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
  });
})();
