import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { Failure } from '../serving/failure';

/** Names that lead to this machine, whatever a name server says: an address cannot be made to mean another machine. */
const OWN_NAMES = ['localhost', hostname().toLowerCase()];

const MAX_SHOWN = 100;

/** The name in a Host header, without its port. */
function nameIn(host: string): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host.trim()) ?? [];
  return (address ?? name).toLowerCase().replace(/\.$/, '');
}

function isOwnName(name: string, allowed: ReadonlySet<string>): boolean {
  return isIP(name) !== 0 || name.endsWith('.localhost') || allowed.has(name);
}

/** The host and port of an origin; undefined for `null` and what is none. */
function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

export interface BrowserRules {
  /** Names in the Host header to answer to, beside those of this machine; undefined: any name. */
  allowedHosts?: readonly string[];
  /** Origins whose pages may call this server; `*`: any. */
  cors?: readonly string[];
}

export type CheckHeaders = (method: string, headers: Headers) => void;

function checkName(headers: Headers, allowed: ReadonlySet<string>): void {
  const host = headers.get('host');
  if (host === null || isOwnName(nameIn(host), allowed)) return;
  throw new Failure(
    'forbidden',
    `This server has no token and does not answer to the name '${host.slice(0, MAX_SHOWN)}': allow the host, or set a token`,
    { closeConnection: true },
  );
}

/** Whether a page of another origin sent the request. Browsers of the last years say so themselves; others send Origin. */
function isForeign(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site !== 'same-origin' && site !== 'none';
  const origin = headers.get('origin');
  return origin !== null && hostOf(origin) !== headers.get('host');
}

/** A link to a page of ours: what it answers stays with the browser's user. */
function isNavigation(method: string, headers: Headers): boolean {
  return (
    method === 'GET' && headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document'
  );
}

/**
 * Keeps a server without tokens from web pages that the machine's user has open: a page whose name was made to lead here
 * (DNS rebinding) has a foreign Host, one of another site a foreign origin. Throws a Failure `forbidden`.
 */
export function createBrowserGuard({ allowedHosts, cors = [] }: BrowserRules): CheckHeaders {
  const allowed = new Set([...OWN_NAMES, ...(allowedHosts ?? []).map((name) => name.toLowerCase())]);
  return (method, headers) => {
    if (allowedHosts) checkName(headers, allowed);
    if (!isForeign(headers) || isNavigation(method, headers)) return;
    const origin = headers.get('origin') ?? '';
    if (cors.includes('*') || cors.includes(origin)) return;
    throw new Failure(
      'forbidden',
      "This server has no token and takes no requests of other sites' pages: allow the origin by cors, or set a token",
      { closeConnection: true },
    );
  };
}
