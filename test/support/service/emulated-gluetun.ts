import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

/** A way to misbehave: a status, status 500, silence, a byte now and then, no JSON, 1 MB, a redirect, a cut line. */
type Fault = number | 'error' | 'hang' | 'drip' | 'rubbish' | 'huge' | 'redirect' | 'reset';

/** How the emulated Gluetun answers. */
export interface Behaviour {
  /** `old`: only /v1/openvpn/portforwarded. `new`: /v1/portforward, to which the older redirects. */
  era: 'old' | 'new' | 'both';
  /** Key that every route needs, or null. */
  apiKey: string | null;
  /** Status for routes that this Gluetun does not have: 400 before roles came, then 401. */
  unknownRoute: number;
  tunnel: string;
  /** Forwarded ports, and in which of its fields the answer shows them. */
  ports: number[];
  portFields: 'port' | 'ports' | 'both';
  publicIp: Record<string, string>;
  /** What `GET /emulated/health` says, for a container's health check. */
  healthy: boolean;
  delayMs: number;
  /** Faults by path; `*` stands for every path. */
  faults: Record<string, Fault>;
}

const DEFAULTS: Behaviour = {
  era: 'new',
  apiKey: null,
  unknownRoute: 400,
  tunnel: 'running',
  ports: [5914],
  portFields: 'both',
  publicIp: { public_ip: '203.0.113.7', region: 'Zurich', country: 'Switzerland', city: 'Zurich' },
  healthy: true,
  delayMs: 0,
  faults: {},
};

interface Reply {
  status?: number;
  body?: object;
  location?: string;
}

/** Gluetun's control server as its documents describe it, on 127.0.0.1 unless told otherwise. */
export class EmulatedGluetun implements AsyncDisposable {
  readonly behaviour: Behaviour;
  /** Paths that were asked for, oldest first. */
  readonly requests: string[] = [];
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  constructor(behaviour: Partial<Behaviour> = {}) {
    this.behaviour = { ...structuredClone(DEFAULTS), ...behaviour };
  }

  async listen(port = 0, host = '127.0.0.1'): Promise<this> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (path.startsWith('/emulated/')) return this.#control(path, request, response);
    this.requests.push(path);
    const { delayMs, faults, apiKey } = this.behaviour;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const fault = faults[path] ?? faults['*'];
    if (fault) return misbehave(fault, response);
    if (apiKey !== null && request.headers['x-api-key'] !== apiKey) return send(response, { status: 401 });
    send(response, request.method === 'GET' ? this.#answer(path) : { status: 405 });
  }

  #answer(path: string): Reply {
    const { era, tunnel, publicIp, unknownRoute } = this.behaviour;
    if (path === '/v1/vpn/status') return { body: { status: tunnel } };
    if (path === '/v1/publicip/ip') return { body: publicIp };
    if (path === '/v1/portforward' && era !== 'old') return { body: this.#ports() };
    if (path === '/v1/openvpn/portforwarded') {
      return era === 'new' ? { status: 301, location: '/v1/portforward' } : { body: this.#ports() };
    }
    return { status: unknownRoute };
  }

  #ports(): object {
    const { ports, portFields } = this.behaviour;
    const port = { port: ports[0] ?? 0 };
    // Go writes an empty list that was never made as null.
    const list = { ports: ports.length > 0 ? ports : null };
    if (portFields === 'both') return { ...port, ...list };
    return portFields === 'port' ? port : list;
  }

  /** Lets the one who runs this as a program switch its behaviour. */
  async #control(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/emulated/health') {
      send(response, this.behaviour.healthy ? { body: {} } : { status: 503 });
    } else if (path === '/emulated/behaviour' && request.method === 'PUT') {
      Object.assign(this.behaviour, await json(request));
      send(response, { body: this.behaviour });
    } else {
      send(response, { status: 404 });
    }
  }
}

function send(response: ServerResponse, { status = 200, body, location }: Reply): void {
  if (location !== undefined) response.setHeader('location', location);
  response.setHeader('content-type', body ? 'application/json' : 'text/plain');
  response.writeHead(status).end(body ? `${JSON.stringify(body)}\n` : 'refused\n');
}

function misbehave(fault: Fault, response: ServerResponse): void {
  if (fault === 'hang') return;
  if (typeof fault === 'number') send(response, { status: fault, location: '/elsewhere' });
  else if (fault === 'reset') response.destroy();
  else if (fault === 'error') send(response, { status: 500 });
  else if (fault === 'redirect') send(response, { status: 302, location: '/elsewhere' });
  else if (fault === 'rubbish') response.end('<html>not what you asked for');
  else if (fault === 'huge') send(response, { body: { port: 5914, padding: 'x'.repeat(1024 * 1024) } });
  else {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{');
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8000' },
      host: { type: 'string', default: '127.0.0.1' },
    },
  });
  const gluetun = await new EmulatedGluetun().listen(Number(values.port), values.host);
  process.stdout.write(`emulated Gluetun control server on port ${gluetun.port}\n`);
  const stop = () => void gluetun[Symbol.asyncDispose]();
  process.once('SIGTERM', stop).once('SIGINT', stop);
}
