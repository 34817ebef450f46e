import type { IncomingMessage } from 'node:http';
import { Failure } from '../failure';
import type { BodyShare } from './body-budget';

const FIRST_BYTES = 4096;

/**
 * Bytes as they come, in one buffer: of a body in a million pieces no piece is kept. Its room, at most twice the body,
 * is what `share` is charged.
 */
class GrowingBuffer {
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(
    private readonly limit: number,
    private readonly share: BodyShare,
  ) {}

  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.byteLength;
    if (length > this.limit) throw tooLarge(this.limit);
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  #grow(needed: number): void {
    const room = Math.min(this.limit, Math.max(FIRST_BYTES, needed, 2 * this.#buffer.length));
    this.share.take(room - this.#buffer.length);
    const grown = Buffer.allocUnsafeSlow(room);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

export function tooLarge(limit: number): Failure {
  return new Failure('too_large', `The body is larger than ${limit} bytes, the limit of this server`, {
    closeConnection: true,
  });
}

function tooSlow(milliseconds: number): Failure {
  return new Failure('timeout', `The body did not arrive within ${milliseconds} ms`, { closeConnection: true });
}

type Add = (chunk: Uint8Array) => void;

/** Node's own stream, without the WHATWG one over it; it is left open, as the refusal goes out by its socket. */
function readIncoming(incoming: IncomingMessage, add: Add, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      incoming.off('data', onData).off('end', onEnd).off('error', settle).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onData = (chunk: Buffer) => {
      try {
        add(chunk);
      } catch (error) {
        settle(error as Error);
      }
    };
    const onEnd = () => settle();
    const onClose = () => settle(new Failure('aborted', 'The client closed the connection'));
    const timer = setTimeout(() => settle(tooSlow(timeoutMs)), timeoutMs);
    incoming.on('data', onData).on('end', onEnd).on('error', settle).on('close', onClose);
  });
}

async function readStream(stream: ReadableStream<Uint8Array>, add: Add, timeoutMs: number): Promise<void> {
  const reader = stream.getReader();
  let failure: unknown;
  const stop = (reason: unknown) => {
    failure ??= reason;
    reader.cancel(reason).catch(() => undefined);
  };
  const timer = setTimeout(() => stop(tooSlow(timeoutMs)), timeoutMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (failure !== undefined) throw failure as Error;
      if (done) return;
      add(value);
    }
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

export interface BodyBounds {
  maxBodyBytes: number;
  /** Milliseconds for the whole body. */
  bodyTimeoutMs: number;
}

/** The whole body. A length that is announced is refused at once where it is too much. */
export async function readBytes(
  request: Request,
  incoming: IncomingMessage | undefined,
  { maxBodyBytes, bodyTimeoutMs }: BodyBounds,
  share: BodyShare,
): Promise<Buffer> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const buffer = new GrowingBuffer(maxBodyBytes, share);
  const add = (chunk: Uint8Array) => buffer.add(chunk);
  // What was read by others before us lies in the request.
  if (incoming && !incoming.readableDidRead && !incoming.readableEnded) {
    await readIncoming(incoming, add, bodyTimeoutMs);
  } else if (request.body) {
    await readStream(request.body, add, bodyTimeoutMs);
  }
  return buffer.bytes();
}
