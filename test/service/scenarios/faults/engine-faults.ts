/**
 * Adds faults to the emulated engine, before which it is loaded: `PUT /fault` with the name of a fault as body activates
 * it. It is a single file without dependencies, so that it can be copied into an image.
 */
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** `invalid`: responses that are not JSON. `endless`: responses that send a byte at a time and never end. */
export type EngineFault = 'invalid' | 'endless';

const INTERVAL_MS = 100;
let fault = '';

const emit: (event: string, ...parts: unknown[]) => boolean = Server.prototype.emit;
Server.prototype.emit = function (event: string, ...parts: unknown[]): boolean {
  if (event !== 'request') return emit.call(this, event, ...parts);
  const [request, response] = parts as [IncomingMessage, ServerResponse];
  if (request.method === 'PUT' && request.url === '/fault') void activate(request, response);
  else if (fault === 'invalid') response.end('\u0000<html>not JSON');
  else if (fault === 'endless') sendEndless(response);
  else return emit.call(this, event, ...parts);
  return true;
};

async function activate(request: IncomingMessage, response: ServerResponse): Promise<void> {
  fault = await text(request);
  response.end();
}

/** Sends a response that never ends, with a byte in each interval. */
function sendEndless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{');
  const timer = setInterval(() => response.write(' '), INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
}
