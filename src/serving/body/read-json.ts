import { Failure } from '../failure';
import { guardJson } from './json-guard';

export interface BodyLimits {
  maxBodyBytes: number;
  /** Milliseconds for the whole body. */
  bodyTimeoutMs: number;
  /** Arrays and objects in the JSON at most; absent: any number. */
  maxContainers?: number;
}

/** Which content types pass: `json` only JSON; `any_text` also what curl and plain forms send, as Cloudflare's API does. */
export type AcceptedMedia = 'json' | 'any_text';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json$/;
const TEXT_TYPES = new Set(['', 'text/plain', 'application/x-www-form-urlencoded']);

function checkHeaders(headers: Headers, accepted: AcceptedMedia): void {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';');
  const passes = JSON_TYPE.test(type.trim()) || (accepted === 'any_text' && TEXT_TYPES.has(type.trim()));
  if (!passes)
    throw new Failure('unsupported_media', 'Send the body with content-type: application/json', {
      closeConnection: true,
    });
  const charset = /charset="?([^"\s]+)/.exec(parameters.join(';'))?.[1];
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw new Failure('unsupported_media', 'Send the body in UTF-8', { closeConnection: true });
  }
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') {
    throw new Failure('unsupported_media', 'Send the body uncompressed: content-encoding is not supported', {
      closeConnection: true,
    });
  }
}

function tooLarge(limit: number): Failure {
  return new Failure('too_large', `The body is larger than ${limit} bytes, the limit of this server`, {
    closeConnection: true,
  });
}

async function readBounded(body: ReadableStream<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** A declared length is held by the HTTP parser, so the body can be read in one go; a chunked one is counted. */
async function readBytes(request: Request, limit: number): Promise<Buffer> {
  const declared = request.headers.get('content-length');
  if (declared === null) return request.body ? await readBounded(request.body, limit) : Buffer.alloc(0);
  if (Number(declared) > limit) throw tooLarge(limit);
  const bytes = Buffer.from(await request.arrayBuffer());
  // A request that was made by hand may have a wrong length.
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

async function withinTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Failure('timeout', `The body did not arrive within ${milliseconds} ms`, { closeConnection: true }));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
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

/** The request's JSON. Throws a Failure for a body that is too large, too slow, compressed, or no clean JSON in UTF-8. */
export async function readJson(request: Request, limits: BodyLimits, accepted: AcceptedMedia): Promise<unknown> {
  checkHeaders(request.headers, accepted);
  const bytes = await withinTime(readBytes(request, limits.maxBodyBytes), limits.bodyTimeoutMs);
  guardJson(bytes, limits.maxContainers);
  return parse(decode(bytes));
}
