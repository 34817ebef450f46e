import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Failure } from '../failure';
import type { BodyShare } from './body-budget';
import { readBytes, type BodyBounds } from './body-bytes';
import { guardJson, type JsonLimits } from './json-guard';

export interface BodyLimits extends BodyBounds, JsonLimits {}

/** Which content types pass: `json` only JSON; `any_text` also what curl and plain forms send, as Cloudflare's API does. */
export type AcceptedMedia = 'json' | 'any_text';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/;
const TEXT_TYPES = new Set(['', 'text/plain', 'application/x-www-form-urlencoded']);

/** From here on a body is worked on in several turns of the event loop, so that others are served in between. */
const LARGE_BYTES = 256 * 2 ** 10;

function unsupported(message: string): Failure {
  return new Failure('unsupported_media', message, { closeConnection: true });
}

function checkHeaders(headers: Headers, accepted: AcceptedMedia): void {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const passes = JSON_TYPE.test(type.trim()) || (accepted === 'any_text' && TEXT_TYPES.has(type.trim()));
  if (!passes) throw unsupported('Send the body with content-type: application/json');
  const charset = /charset="?([^"\s]+)/.exec(parameters.join(';'))?.[1];
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') throw unsupported('Send the body in UTF-8');
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') throw unsupported('Send the body uncompressed: content-encoding is not supported');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Failure('malformed', 'The body is not valid UTF-8');
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new Failure('malformed', 'The request has no body: send JSON');
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the body, which may be a passage.
    throw new Failure('malformed', 'The body is not valid JSON');
  }
}

export interface BodySource {
  request: Request;
  /** Node's own request, where that is what `request` was made of. */
  incoming?: IncomingMessage;
}

/**
 * The request's JSON. Throws a Failure for a body that is too large, too slow, compressed, or no clean JSON in UTF-8.
 * `share` is the caller's to release, once the request is answered.
 */
export async function readJson(
  { request, incoming }: BodySource,
  limits: BodyLimits,
  accepted: AcceptedMedia,
  share: BodyShare,
): Promise<unknown> {
  checkHeaders(request.headers, accepted);
  const bytes = await readBytes(request, incoming, limits, share);
  const isLarge = bytes.length >= LARGE_BYTES;
  guardJson(bytes, limits);
  if (isLarge) await nextTurn();
  const body = parse(decode(bytes));
  if (isLarge) await nextTurn();
  return body;
}
