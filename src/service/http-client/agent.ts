import { Agent } from 'undici';

/** Responses of engines, of Gluetun and of receivers of notifications are smaller than 2 kB. */
const MAX_RESPONSE_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 5000;

/** The connections of requests for JSON. */
export const agent = new Agent({
  // No keep-alive: each address is requested every few seconds at most, and the server may have closed an idle
  // connection by then.
  pipelining: 0,
  maxResponseSize: MAX_RESPONSE_BYTES,
  connect: { timeout: CONNECT_TIMEOUT_MS },
});
