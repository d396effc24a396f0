import { describe, expect, test } from 'vitest';
import { type Engine, newEngine } from '../../../src/service/engines/engine.ts';
import { findEngineByAddress } from '../../../src/service/engines/locate.ts';
import { FakeRuntime } from '../../support/service/fake-runtime.ts';

function engineAt(host: string, hostHttp: number): Engine {
  const ports = { hostHttp, containerHttp: 6878, containerHttps: 6879 };
  return newEngine(new FakeRuntime().startSilently({ host, ports }), 0);
}

describe('the engine at an address', () => {
  const local = engineAt('127.0.0.1', 19_000);
  const behindVpn = engineAt('gluetun', 19_001);
  const engines = [local, behindVpn];

  test.each([
    ['gluetun', 19_001, behindVpn],
    ['127.0.0.1', 19_000, local],
    ['localhost', 19_000, local],
    ['::1', 19_000, local],
    ['localhost', 19_001, behindVpn],
  ])('%s, port %i, is found', (host, port, engine) => {
    expect(findEngineByAddress(engines, host, port)).toBe(engine);
  });

  test.each([
    ['gluetun', 19_000],
    ['127.0.0.1', 19_002],
    ['127.0.0.1', 6878],
    ['10.0.0.1', 19_000],
    ['localhost.example', 19_000],
    ['', 19_000],
  ])('%s, port %i, is none', (host, port) => {
    expect(findEngineByAddress(engines, host, port)).toBeUndefined();
  });

  test('is not found by a loopback name if two engines have the port', () => {
    const others = [engineAt('vpn-1', 19_000), engineAt('vpn-2', 19_000)];
    expect(findEngineByAddress(others, 'localhost', 19_000)).toBeUndefined();
    expect(findEngineByAddress(others, 'vpn-2', 19_000)).toBe(others[1]);
    expect(findEngineByAddress([...others, local], '127.0.0.1', 19_000)).toBe(local);
  });
});
