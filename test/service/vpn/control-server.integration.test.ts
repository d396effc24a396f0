import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlServer, RefusedError } from '../../../src/service/vpn/control-server.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { type Behaviour, EmulatedGluetun } from '../../support/service/emulated-gluetun.ts';
import { NEVER, until } from './fixtures.ts';

const NEW = '/v1/portforward';
const OLD = '/v1/openvpn/portforwarded';

async function start(behaviour: Partial<Behaviour> = {}, apiKey?: string) {
  const gluetun = await new EmulatedGluetun(behaviour).listen();
  onTestFinished(() => gluetun[Symbol.asyncDispose]());
  const clock = new FakeClock();
  const server = new ControlServer({ apiKey, timeoutS: 2, clock });
  const { url } = gluetun;
  const forwardedPort = (signal = NEVER) => server.forwardedPort(url, signal);
  return { gluetun, clock, server, forwardedPort };
}

describe('the client', () => {
  it('reads the state of the tunnel', async () => {
    const { gluetun, server } = await start({ tunnel: 'crashed' });
    expect(await server.tunnelState(gluetun.url, NEVER)).toBe('crashed');
    await until(async () => expect(await gluetun.connections()).toBe(0));
  });

  it('reads the public address', async () => {
    const { gluetun, server } = await start({ publicIp: { public_ip: '203.0.113.9', country: 'Iceland' } });
    const address = await server.publicAddress(gluetun.url, NEVER);
    expect(address).toEqual({ ip: '203.0.113.9', country: 'Iceland', region: null, city: null });
  });

  it.each(['port', 'ports', 'both'] as const)('reads the forwarded port from: %s', async (portFields) => {
    const { gluetun, forwardedPort } = await start({ portFields, ports: [6001, 6002] });
    expect(await forwardedPort()).toBe(6001);
    gluetun.behaviour.ports = [];
    expect(await forwardedPort()).toBeNull();
  });

  it('sends the key, and is refused with a wrong one', async () => {
    const right = await start({ apiKey: 'sesame' }, 'sesame');
    expect(await right.server.tunnelState(right.gluetun.url, NEVER)).toBe('running');
    expect(await right.server.publicAddress(right.gluetun.url, NEVER)).toMatchObject({ ip: '203.0.113.7' });
    expect(await right.forwardedPort()).toBe(5914);

    const wrong = await start({ apiKey: 'sesame' }, 'simsim');
    await expect(wrong.server.tunnelState(wrong.gluetun.url, NEVER)).rejects.toThrow('GLUETUN_API_KEY');
    await expect(wrong.forwardedPort()).rejects.toBeInstanceOf(RefusedError);
  });
});

describe('the two routes for the forwarded port', () => {
  it.each([400, 401, 404, 405])(
    'falls back to the older one if the newer one responds with %i',
    async (unknownRoute) => {
      const { gluetun, forwardedPort } = await start({ era: 'old', unknownRoute });
      expect(await forwardedPort()).toBe(5914);
      expect(gluetun.requests).toEqual([NEW, OLD]);
    },
  );

  it('are tried newest first', async () => {
    const { gluetun, forwardedPort } = await start({ era: 'both' });
    await forwardedPort();
    expect(gluetun.requests).toEqual([NEW]);
  });

  it('are tried in the order that last worked, which an upgrade changes', async () => {
    const { gluetun, forwardedPort } = await start({ era: 'old' });
    await forwardedPort();
    await forwardedPort();
    expect(gluetun.requests).toEqual([NEW, OLD, OLD]);

    gluetun.behaviour.era = 'new';
    gluetun.requests.length = 0;
    expect(await forwardedPort()).toBe(5914);
    expect(await forwardedPort()).toBe(5914);
    expect(gluetun.requests).toEqual([OLD, NEW, NEW]);
  });

  it('are tried newest first again after both were refused', async () => {
    const { gluetun, forwardedPort } = await start({ era: 'old' });
    await forwardedPort();
    gluetun.behaviour.apiKey = 'sesame';
    await expect(forwardedPort()).rejects.toBeInstanceOf(RefusedError);
    gluetun.behaviour.apiKey = null;
    gluetun.requests.length = 0;
    expect(await forwardedPort()).toBe(5914);
    expect(gluetun.requests).toEqual([NEW, OLD]);
  });

  it('keep their order after a server error', async () => {
    const { gluetun, forwardedPort } = await start({ era: 'old' });
    await forwardedPort();
    gluetun.behaviour.faults = { [OLD]: 'error' };
    gluetun.requests.length = 0;
    await expect(forwardedPort()).rejects.toThrow('status 500');
    gluetun.behaviour.faults = {};
    await forwardedPort();
    expect(gluetun.requests).toEqual([OLD, OLD]);
  });
});

describe('a control server that misbehaves', () => {
  it('is not followed to where it redirects', async () => {
    const { gluetun, forwardedPort } = await start({ faults: { '*': 'redirect' } }, 'sesame');
    await expect(forwardedPort()).rejects.toThrow(
      `GET ${NEW} on Gluetun's control server failed with status 302`,
    );
    expect(gluetun.requests).toEqual([NEW, OLD]);
  });

  it.each([
    ['error', /status 500/],
    ['rubbish', /JSON/],
    ['huge', /size/],
    ['reset', /other side closed|ECONNRESET/],
  ] as const)('causes an error other than RefusedError: %s', async (fault, message) => {
    const { forwardedPort } = await start({ faults: { '*': fault } });
    const error = await forwardedPort().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(RefusedError);
    expect((error as Error).message).toMatch(message);
  });

  it.each(['hang', 'drip'] as const)('is disconnected at the deadline: %s', async (fault) => {
    const { gluetun, clock, forwardedPort } = await start({ faults: { '*': fault } });
    let settled = false;
    const answer = forwardedPort().finally(() => {
      settled = true;
    });
    const refused = expect(answer).rejects.toThrow('did not answer within 2 s');
    await until(() => expect(gluetun.requests).toEqual([NEW]));
    clock.advance(1999);
    await settle();
    expect(settled).toBe(false);
    clock.advance(1);
    await refused;
    await until(async () => expect(await gluetun.connections()).toBe(0));
  });

  it('has one deadline for both routes', async () => {
    const { gluetun, clock, forwardedPort } = await start({ era: 'old', faults: { [OLD]: 'hang' } });
    const refused = expect(forwardedPort()).rejects.toThrow('did not answer within 2 s');
    clock.advance(1500);
    await until(() => expect(gluetun.requests).toEqual([NEW, OLD]));
    clock.advance(500);
    await refused;
  });

  it('fails at the deadline during the TLS handshake', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    await once(silent, 'listening');
    const { clock, server } = await start();
    const url = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const refused = expect(server.tunnelState(url, NEVER)).rejects.toThrow('did not answer within 2 s');
    await until(() => expect(sockets).toHaveLength(1));
    clock.advance(2000);
    await refused;
  });

  it('cannot keep a connection open with an endless refusal', async () => {
    const endless = createServer((_request, response) => {
      response.writeHead(401).write('no');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => {
      endless.close();
      endless.closeAllConnections();
    });
    await once(endless, 'listening');
    const disconnected = once(endless, 'connection').then(([socket]) => once(socket as Socket, 'close'));
    const { server } = await start();
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
    await expect(server.tunnelState(url, NEVER)).rejects.toBeInstanceOf(RefusedError);
    await disconnected;
  });

  it('causes an error if it does not exist', async () => {
    const { gluetun, server } = await start();
    const { url } = gluetun;
    await gluetun[Symbol.asyncDispose]();
    await expect(server.tunnelState(url, NEVER)).rejects.toThrow('ECONNREFUSED');
  });
});

it("rejects with the reason of the caller's signal", async () => {
  const { gluetun, forwardedPort } = await start({ faults: { '*': 'hang' } });
  const caller = new AbortController();
  const refused = expect(forwardedPort(caller.signal)).rejects.toThrow('aborted by the caller');
  await until(() => expect(gluetun.requests).toHaveLength(1));
  caller.abort(new Error('aborted by the caller'));
  await refused;
  await gluetun[Symbol.asyncDispose]();
  await expect(forwardedPort(caller.signal)).rejects.toThrow('aborted by the caller');
});
