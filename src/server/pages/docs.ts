import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

type Json = Record<string, unknown>;

/** As `openApiDocument` makes it. */
export type OpenApiDocument = Json;
type Markup = ReturnType<typeof html>;

interface Operation {
  summary: string;
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { description: string; content: Record<string, { schema: Json }> }>;
}

function schemaBlock(title: string, schema: Json): Markup {
  return html`<details>
    <summary>${title}</summary>
    <pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre>
  </details>`;
}

function operationSection(path: string, method: string, { summary, requestBody, responses }: Operation): Markup {
  const request = requestBody?.content['application/json']?.schema;
  return html`<section>
    <h2>${method.toUpperCase()} <code>${path}</code></h2>
    <p>${summary}</p>
    ${request ? schemaBlock('Request body', request) : ''}
    ${Object.entries(responses).map(([status, { description, content }]) =>
      schemaBlock(`${status} ${description}`, content['application/json']?.schema ?? {}),
    )}
  </section>`;
}

/** The OpenAPI document as a page without script. */
export function docsHtml(document: OpenApiDocument): string {
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  const sections = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationSection(path, method, operation)),
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
          ${sections}
        </main>
      </body>
    </html>` as HtmlEscapedString;
}
