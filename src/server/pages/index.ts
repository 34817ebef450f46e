import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { docsHtml, type OpenApiDocument } from './docs';

function asset(name: string): string {
  return readFileSync(path.join(__dirname, name), 'utf8');
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** One self-contained page; its policy allows this style and this script and calls to this server, nothing else. */
export interface Page {
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

/** What the playground's template shows. */
export interface PlaygroundValues {
  /** Path that takes `{ query, contexts: [{ text }] }`. */
  endpoint: string;
  model: string;
  dtype: string;
  provider: string;
}

export function playgroundPage(values: PlaygroundValues): Page {
  const shown: Partial<Record<string, string>> = { ...values, endpoint: values.endpoint.slice(1) };
  const filled = asset('playground.html').replace(/\{\{(\w+)\}\}/g, (_, key: string) => escapeHtml(shown[key] ?? ''));
  return page(filled, asset('page.css'), asset('playground.js'));
}

export function docsPage(document: OpenApiDocument): Page {
  return page(docsHtml(document), asset('page.css'));
}
