import type { Duplex } from 'node:stream';
import type { HeaderFields } from '../../http-cache/headers.ts';
import type { LaneRequest } from '../message.ts';
import type { Upstream } from '../upstream/upstream.ts';

/**
 * Passes a WebSocket through: sends the handshake to the origin, its response to the browser, and then every
 * byte in both directions. If either side ends, so does the other.
 * @see https://www.rfc-editor.org/rfc/rfc6455.html#section-4
 */
export async function passWebSocket(
  upstream: Upstream,
  request: LaneRequest,
  browser: Duplex,
  head: Buffer,
  onBytes: (toBrowser: number, toUpstream: number) => void,
): Promise<void> {
  const { headers, socket: origin } = await upstream.upgrade(request.url, request.headers, request.signal);
  origin.on('error', () => {});
  if (browser.destroyed) {
    origin.destroy();
    return;
  }
  browser.write(handshakeResponse(headers));
  if (head.length > 0) origin.write(head);
  browser.on('data', (chunk: Buffer) => onBytes(0, chunk.length));
  origin.on('data', (chunk: Buffer) => onBytes(chunk.length, 0));
  browser.pipe(origin).pipe(browser);
  browser.once('close', () => origin.destroy());
  origin.once('close', () => browser.destroy());
}

function handshakeResponse(headers: HeaderFields): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((line) => `${name}: ${line}\r\n`),
  );
  return `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${lines.join('')}\r\n`;
}
