// The packages as a user gets them, packed, installed and used. What ships is what is tested: everything here runs the
// packed addon, never that of build/Release.
import { after, before } from 'node:test';
import { setUp, tearDown } from './support/project.mjs';

before(setUp);
after(tearDown);

await import('./tarballs.mjs');
await import('./installed.mjs');
await import('./workers.mjs');
await import('./bundled.mjs');
await import('./beside.mjs');
await import('./types.mjs');
