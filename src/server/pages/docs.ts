import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

type Json = Record<string, unknown>;

/** As `openApiDocument` makes it. */
export type OpenApiDocument = Json;
type Markup = ReturnType<typeof html>;

type Examples = Record<string, { value: unknown }>;
type Content = Record<string, { schema: Json; examples?: Examples }>;

interface Operation {
  summary: string;
  security?: unknown[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content: Content }>;
}

const JSON_TYPE = 'application/json';
const PARAMETERS: Record<string, string> = { account_id: '0'.repeat(32), model: '@cf/baai/bge-reranker-base' };

function block(text: string): Markup {
  return html`<pre tabindex="0">${text}</pre>`;
}

function schemaBlock(title: string, schema: Json): Markup {
  return html`<details>
    <summary>${title}</summary>
    ${block(JSON.stringify(schema, null, 2))}
  </details>`;
}

function curl(path: string, secured: boolean, body?: unknown): string {
  const address = path.replace(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? name);
  const json = body === undefined ? undefined : JSON.stringify(body).replaceAll("'", "'\\''");
  return [
    `curl "$BASE${address}"`,
    ...(secured ? ['  -H "Authorization: Bearer $TOKEN"'] : []),
    ...(json === undefined ? [] : ["  -H 'Content-Type: application/json'", `  -d '${json}'`]),
  ].join(' \\\n');
}

function exampleBlocks(path: string, secured: boolean, { requestBody, responses }: Operation): Markup[] {
  const answers = responses['200']?.content[JSON_TYPE]?.examples ?? {};
  return Object.entries(requestBody?.content[JSON_TYPE]?.examples ?? {}).map(
    ([title, { value }]) =>
      html`<div class="example">
        <h3>${title}</h3>
        ${block(curl(path, secured, value))}
        <p class="hint">answers</p>
        ${block(JSON.stringify(answers[title]?.value, null, 2))}
      </div>`,
  );
}

function operationSection(path: string, method: string, secured: boolean, operation: Operation): Markup {
  const { summary, requestBody, responses, security } = operation;
  const request = requestBody?.content[JSON_TYPE]?.schema;
  const needsToken = secured && security?.length !== 0;
  return html`<section>
    <h2>${method.toUpperCase()} <code>${path}</code></h2>
    <p>${summary}</p>
    ${request ? exampleBlocks(path, needsToken, operation) : block(curl(path, needsToken))}
    ${request ? schemaBlock('Request body', request) : ''}
    ${Object.entries(responses).map(([status, { description, content }]) =>
      schemaBlock(`${status} ${description}`, content[JSON_TYPE]?.schema ?? {}),
    )}
  </section>`;
}

/** The OpenAPI document as a page without script. */
export function docsHtml(document: OpenApiDocument): string {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const secured = document['security'] !== undefined;
  const sections = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationSection(path, method, secured, operation)),
  );
  const { title, version, description } = document['info'] as Record<string, string>;
  // A promise only where one of its parts is one.
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} API</title>
        <link rel="icon" href="data:," />
        <style>
          ${raw('/*style*/')}
        </style>
      </head>
      <body>
        <header>
          <h1>${title} ${version}</h1>
          <nav aria-label="More"><a href="./">Playground</a> <a href="openapi.json">OpenAPI</a></nav>
        </header>
        <main>
          <p>${description}</p>
          <p>
            The examples are for a shell with <code>BASE</code> set to this server's
            address${secured ? html` and <code>TOKEN</code> to a token` : ''}. Their scores are those of the MiniLM
            (cross-encoder/ms-marco-MiniLM-L-12-v2); other models have scales of their own.
          </p>
          ${block(secured ? 'BASE=http://127.0.0.1:8787 TOKEN=…' : 'BASE=http://127.0.0.1:8787')} ${sections}
        </main>
      </body>
    </html>` as HtmlEscapedString;
}
