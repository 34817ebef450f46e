// Puts the pages of the server, which tsc leaves alone, next to their compiled code.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const PAGES = path.join('server', 'pages');

cpSync(path.join(ROOT, 'src', PAGES), path.join(ROOT, 'dist', PAGES), {
  recursive: true,
  filter: (source) => !source.endsWith('.ts'),
});
