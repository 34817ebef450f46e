import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { registerGet, type App, type AppParts } from '../context';
import { CLOUDFLARE_RUN_PATH } from '../dialects/cloudflare';
import { openApiDocument } from '../openapi';
import { modelNames } from '../../workers-ai/models';
import { WORKERS_AI_MODEL } from '../../workers-ai/run-model';
import { docsPage } from './docs';

function asset(name: string): string {
  return readFileSync(path.join(__dirname, name), 'utf8');
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** One self-contained page; its policy allows this style and this script and calls to this server, nothing else. */
interface Page {
  html: string;
  policy: string;
}

function hashed(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
}

function page(template: string, style: string, script = ''): Page {
  const html = template.replace('/*style*/', () => style).replace('/*script*/', () => script);
  const inside = (tag: string) => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)?.[1] ?? '';
  return {
    html,
    policy: [
      "default-src 'none'",
      `style-src ${hashed(inside('style'))}`,
      ...(script === '' ? [] : [`script-src ${hashed(inside('script'))}`, "connect-src 'self'"]),
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/** Any account will do here, so the page takes the first. */
const PLAYGROUND_ENDPOINT = CLOUDFLARE_RUN_PATH.slice(1)
  .replace('{account_id}', '0'.repeat(32))
  .replace('{model}', WORKERS_AI_MODEL);

function playgroundPage({ served }: AppParts): Page {
  const { name, info } = served;
  const values: Record<string, string> = {
    endpoint: PLAYGROUND_ENDPOINT,
    model: name,
    dtype: info.dtype,
    provider: info.provider.got,
  };
  const filled = asset('playground.html').replace(/\{\{(\w+)\}\}/g, (_, key: string) => escapeHtml(values[key] ?? ''));
  return page(filled, asset('page.css'), asset('playground.js'));
}

export function registerPages(app: App, parts: AppParts): void {
  const { options, routes, served } = parts;
  const withCloudflare = options.dialects.includes('cloudflare');
  const document = openApiDocument({
    version: packageVersion(),
    routes,
    cloudflareModels: withCloudflare ? [...modelNames(served.name)] : undefined,
    secured: options.tokens.length > 0,
  });
  const send = (route: string, { html, policy }: Page) => {
    registerGet(app, route, (c) =>
      c.html(html, 200, { 'content-security-policy': policy, 'x-content-type-options': 'nosniff' }),
    );
  };
  registerGet(app, '/openapi.json', (c) => c.json(document));
  const docs = page(docsPage(document), asset('page.css'));
  send('/docs', docs);
  send('/', withCloudflare ? playgroundPage(parts) : docs);
}

function packageVersion(): string {
  const file = path.join(__dirname, '..', '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
