import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ConnectionLimits {
  /** Milliseconds in which a request's head must arrive. Default 10,000. */
  headersTimeoutMs?: number | undefined;
  /** Milliseconds in which a body must arrive. */
  bodyTimeoutMs: number;
  /** Milliseconds a connection may idle between two requests. Default 5,000. */
  keepAliveTimeoutMs?: number | undefined;
  /** Open connections at most; beyond it new ones are closed at once. Default 16,384. */
  maxConnections?: number | undefined;
}

/** How often Node looks for connections that are over their time. */
const CHECK_INTERVAL_MS = 1000;
/** How long, while it drains, a connection may outlive its last answer. */
const DRAIN_SWEEP_MS = 100;

/** An HTTP server on which nobody can sit: every connection has a deadline in every state but waiting for scores. */
export function createNodeServer(listener: RequestListener, limits: ConnectionLimits): Server {
  const { headersTimeoutMs = 10_000, bodyTimeoutMs, keepAliveTimeoutMs = 5000, maxConnections = 16_384 } = limits;
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      // The handler answers a slow body after bodyTimeoutMs; this is for what it has stopped to read.
      requestTimeout: headersTimeoutMs + bodyTimeoutMs + CHECK_INTERVAL_MS,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    listener,
  );
  server.maxConnections = maxConnections;
  return server;
}

export function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Stops accepting, lets the running requests finish, closes connections that idle or come to. */
export function drain(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const sweep = setInterval(() => server.closeIdleConnections(), DRAIN_SWEEP_MS);
    server.close((error) => {
      clearInterval(sweep);
      if (error) reject(error);
      else resolve();
    });
    server.closeIdleConnections();
  });
}
