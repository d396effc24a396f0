/**
 * Loaded before the emulated engine, it lets a test have that engine misbehave: `PUT /fault` with the name of
 * a fault as body. One file with nothing but Node, to be copied into an image.
 */
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export type EngineFault = 'rubbish' | 'drip';

const DRIP_MS = 100;
let fault = '';

const emit: (event: string, ...parts: unknown[]) => boolean = Server.prototype.emit;
Server.prototype.emit = function (event: string, ...parts: unknown[]): boolean {
  if (event !== 'request') return emit.call(this, event, ...parts);
  const [request, response] = parts as [IncomingMessage, ServerResponse];
  if (request.method === 'PUT' && request.url === '/fault') void take(request, response);
  else if (fault === 'rubbish') response.end('\u0000<html>not what you asked for');
  else if (fault === 'drip') drip(response);
  else return emit.call(this, event, ...parts);
  return true;
};

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  fault = await text(request);
  response.end();
}

/** An answer that never ends, and is never quite silent. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{');
  const timer = setInterval(() => response.write(' '), DRIP_MS);
  response.on('close', () => clearInterval(timer));
}
