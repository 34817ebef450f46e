import { registerGet, type App, type AppParts } from './context';
import { openApiDocument } from './openapi';
import { docsPage, playgroundPage, type Page } from './pages';
import type { OpenApiDocument } from './pages/docs';

/** /openapi.json, its page /docs, and at / the playground, or the docs where no dialect serves it. */
export function registerPages(app: App, { options, routes, served, version }: AppParts): void {
  // Made when it is first asked for.
  let made: Promise<OpenApiDocument> | undefined;
  const document = () => (made ??= openApiDocument({ version, routes, served, secured: options.tokens.length > 0 }));
  const send = (route: string, page: () => Page | Promise<Page>) => {
    registerGet(app, route, async (c) => {
      const { html, policy } = await page();
      return c.html(html, 200, { 'content-security-policy': policy, 'x-content-type-options': 'nosniff' });
    });
  };
  registerGet(app, '/openapi.json', async (c) => c.json(await document()));
  let docs: Promise<Page> | undefined;
  const docsOf = () => (docs ??= document().then(docsPage));
  send('/docs', docsOf);
  const { playgroundPath } = routes;
  const { dtype, provider } = served.info;
  if (playgroundPath === undefined) send('/', docsOf);
  else {
    const playground = playgroundPage({ endpoint: playgroundPath, model: served.name, dtype, provider: provider.got });
    send('/', () => playground);
  }
}
