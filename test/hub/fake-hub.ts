import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const COMMIT = 'a'.repeat(40);

export interface FakeFile {
  content: Buffer;
  /** Kept outside git: listed with its sha256 and served from another host after a redirect. */
  lfs: boolean;
}

/** How the next request for a file's bytes goes wrong; each is used once, in order. */
export type Fault =
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** The connection breaks after this many bytes of the body, once they are on the client's disk. */
  | { kind: 'cut'; after: number; noRange?: boolean }
  | { kind: 'wrong-byte'; at: number }
  | { kind: 'no-range' };

export interface Seen {
  host: 'hub' | 'cdn';
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

function gitBlobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

export function etagOf({ content, lfs }: FakeFile): string {
  return lfs ? sha256(content) : gitBlobId(content);
}

/** A small model with external data; the files that nobody needs must not be fetched. */
export function fakeModel(weightBytes = 300_000): Record<string, FakeFile> {
  return {
    'README.md': { content: Buffer.from('# card'), lfs: false },
    'config.json': { content: Buffer.from('{"max_position_embeddings":514,"model_type":"xlm-roberta"}'), lfs: false },
    'tokenizer.json': { content: randomBytes(70_000), lfs: true },
    'pytorch_model.bin': { content: randomBytes(1000), lfs: true },
    'onnx/model.onnx': { content: randomBytes(20_000), lfs: true },
    'onnx/model.onnx_data': { content: randomBytes(weightBytes), lfs: true },
    'onnx/model_fp16.onnx': { content: randomBytes(1000), lfs: true },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * Behaves as the hub does: one list request with sizes and digests, resolve URLs that redirect LFS files to another
 * origin, ETags, ranges, X-Error-Code.
 */
export class FakeHub {
  endpoint = '';
  readonly seen: Seen[] = [];
  readonly faults: Fault[] = [];
  /** For the list request. */
  readonly listFaults: Fault[] = [];
  /** Where set, only this token may read. */
  token: string | undefined;
  gated = false;
  /** Answers the list request instead of the list. */
  listing: ((response: ServerResponse) => void) | undefined;
  /** Bytes of bodies handed to the network. */
  sentBytes = 0;
  /** Bytes of each write of a body, and the pause after it; 0 sends at once. */
  chunkBytes = 0;
  chunkPauseMs = 0;
  /** No body goes on while `sentBytes` is this much. */
  sendLimit = Infinity;
  /** Resolves when the client has this many bytes of a file: what it is cut off from before it reads it is lost to it. */
  received: (file: FakeFile, bytes: number) => Promise<void> = () => Promise.resolve();
  #cdn = '';
  readonly #servers = [createServer(), createServer()];

  constructor(
    readonly repo: string,
    readonly files: Record<string, FakeFile>,
  ) {}

  async start(): Promise<this> {
    const [hub, cdn] = this.#servers as [Server, Server];
    hub.on('request', (request, response) => void this.#hub(request, response));
    cdn.on('request', (request, response) => void this.#serve('cdn', request, response));
    [this.endpoint, this.#cdn] = await Promise.all([listen(hub), listen(cdn)]);
    return this;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** Ends what is still on its way to processes that are gone, before the system may have told of it. */
  async disconnect(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Requests for the bytes of a file that reached the host that has them. */
  downloads(path: string): Seen[] {
    return this.seen.filter((seen) => seen.path.endsWith(`/${path}`) && seen.host === this.#hostOf(path));
  }

  #hostOf(path: string): 'hub' | 'cdn' {
    return this.files[path]?.lfs ? 'cdn' : 'hub';
  }

  #note(host: 'hub' | 'cdn', request: IncomingMessage): void {
    const { range, authorization } = request.headers;
    this.seen.push({ host, path: request.url!.split('?')[0]!, range, authorization });
  }

  #refuse(response: ServerResponse, status: number, code: string): void {
    response.writeHead(status, { 'x-error-code': code, 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: code }));
  }

  #mayRead(request: IncomingMessage, response: ServerResponse): boolean {
    if (!this.token || request.headers.authorization === `Bearer ${this.token}`) return true;
    if (this.gated) this.#refuse(response, 401, 'GatedRepo');
    // As the hub does: who may not see a repository is not told whether it exists.
    else this.#refuse(response, 401, 'RepoNotFound');
    return false;
  }

  async #hub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.split('?')[0]!;
    const [, revision] = /^\/api\/models\/[^/]+\/[^/]+\/revision\/(.+)$/.exec(path) ?? [];
    if (!path.includes(`/${this.repo}/`)) {
      this.#refuse(response, 401, 'RepoNotFound');
      return;
    }
    if (!this.#mayRead(request, response)) return;
    if (revision !== undefined) {
      this.#note('hub', request);
      this.#list(decodeURIComponent(revision), response);
      return;
    }
    const name = decodeURIComponent(path.split(`/resolve/${COMMIT}/`)[1] ?? '');
    const file = this.files[name];
    if (!file) {
      this.#refuse(response, 404, 'EntryNotFound');
      return;
    }
    if (!file.lfs) {
      await this.#serve('hub', request, response);
      return;
    }
    this.#note('hub', request);
    response.writeHead(302, {
      location: `${this.#cdn}/signed/${name}`,
      'x-linked-etag': `"${etagOf(file)}"`,
      'x-linked-size': String(file.content.length),
      'x-repo-commit': COMMIT,
    });
    response.end();
  }

  #list(revision: string, response: ServerResponse): void {
    const fault = this.listFaults.shift();
    if (fault?.kind === 'status') return void response.writeHead(fault.status, fault.headers).end();
    if (revision !== 'main' && revision !== COMMIT) {
      this.#refuse(response, 404, 'RevisionNotFound');
      return;
    }
    if (this.listing) {
      this.listing(response);
      return;
    }
    const siblings = Object.entries(this.files).map(([rfilename, file]) => ({
      rfilename,
      size: file.content.length,
      blobId: gitBlobId(file.content),
      ...(file.lfs && { lfs: { sha256: sha256(file.content), size: file.content.length, pointerSize: 134 } }),
    }));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: this.repo, sha: COMMIT, siblings }));
  }

  async #serve(host: 'hub' | 'cdn', request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#note(host, request);
    const path = request.url!.split('?')[0]!;
    const name = Object.keys(this.files).find((key) => path.endsWith(`/${key}`))!;
    const file = this.files[name]!;
    const fault = this.faults.shift();
    if (fault?.kind === 'status') return void response.writeHead(fault.status, fault.headers).end();
    const total = file.content.length;
    const noRange = fault?.kind === 'no-range' || (fault?.kind === 'cut' && fault.noRange);
    const asked = noRange ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const start = Number(asked ?? 0);
    const body = Buffer.from(file.content.subarray(start));
    if (fault?.kind === 'wrong-byte' && fault.at >= start) body[fault.at - start]! ^= 1;
    response.writeHead(asked === undefined ? 200 : 206, {
      etag: `"${etagOf(file)}"`,
      'content-length': body.length,
      'accept-ranges': 'bytes',
      ...(asked !== undefined && { 'content-range': `bytes ${start}-${total - 1}/${total}` }),
    });
    if (fault?.kind === 'cut') {
      response.write(body.subarray(0, fault.after));
      await this.received(file, start + fault.after);
      response.destroy();
      return;
    }
    await this.#send(body, response);
  }

  async #send(body: Buffer, response: ServerResponse): Promise<void> {
    const step = this.chunkBytes || body.length || 1;
    const isOpen = () => !response.destroyed && !response.socket?.destroyed;
    for (let at = 0; at < body.length && isOpen();) {
      const chunk = body.subarray(at, at + Math.min(step, this.sendLimit - this.sentBytes));
      if (chunk.length > 0) response.write(chunk);
      at += chunk.length;
      this.sentBytes += chunk.length;
      const pauses = this.chunkPauseMs > 0 || chunk.length === 0;
      if (pauses) await new Promise((resolve) => setTimeout(resolve, this.chunkPauseMs));
    }
    response.end();
  }
}
