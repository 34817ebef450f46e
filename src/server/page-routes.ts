import { registerGet, type App, type AppParts } from './context';
import { openApiDocument } from './openapi';
import { docsPage, playgroundPage, type Page } from './pages';

/** /openapi.json, its page /docs, and at / the playground, or the docs where no dialect serves it. */
export function registerPages(app: App, { options, routes, served, version }: AppParts): void {
  const document = openApiDocument({ version, routes, secured: options.tokens.length > 0 });
  const send = (route: string, { html, policy }: Page) => {
    registerGet(app, route, (c) =>
      c.html(html, 200, { 'content-security-policy': policy, 'x-content-type-options': 'nosniff' }),
    );
  };
  registerGet(app, '/openapi.json', (c) => c.json(document));
  const docs = docsPage(document);
  send('/docs', docs);
  const { playgroundPath } = routes;
  const { dtype, provider } = served.info;
  send(
    '/',
    playgroundPath === undefined
      ? docs
      : playgroundPage({ endpoint: playgroundPath, model: served.name, dtype, provider: provider.got }),
  );
}
