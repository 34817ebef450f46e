import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure } from './failure';

export type Authorize = (authorization: string | null) => void;

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The token of a Bearer header, or the password of a Basic one: browsers ask for that to show the pages. */
function tokenOf(authorization: string): string {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +([\w.~+/=-]+)$/i.exec(authorization.trim()) ?? [];
  if (value === '') throw new Failure('bad_authorization', 'Send the token as "Authorization: Bearer <token>"');
  if (scheme.toLowerCase() === 'bearer') return value;
  const credentials = Buffer.from(value, 'base64').toString('utf8');
  return credentials.slice(credentials.indexOf(':') + 1);
}

/**
 * Checks an Authorization header against the server's tokens; no tokens, no check. All tokens are compared, by digests
 * in constant time, so that the time tells nothing about any of them. Throws Failures `unauthorized`, `bad_authorization`.
 */
export function createAuthorize(tokens: readonly string[]): Authorize {
  const digests = tokens.map(digest);
  if (digests.length === 0) return () => undefined;
  return (authorization) => {
    if (authorization === null) throw new Failure('unauthorized', 'This server needs a token');
    const given = digest(tokenOf(authorization));
    const matches = digests.filter((known) => timingSafeEqual(known, given)).length;
    if (matches === 0) throw new Failure('unauthorized', 'The token is not one of this server');
  };
}
