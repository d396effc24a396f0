import { describe, expect, it } from 'vitest';
import { parseForwardedPort, parsePublicAddress, parseTunnelState } from '../../../src/service/vpn/parse.ts';

describe('parseForwardedPort', () => {
  it.each([
    [{ port: 5914 }, 5914],
    [{ ports: [5914] }, 5914],
    [{ ports: [5914, 5915] }, 5914],
    [{ port: 5914, ports: [5914, 5915] }, 5914],
    [{ port: 5914, ports: null }, 5914],
    [{ port: 0, ports: [5914] }, 5914],
    [{ port: 65_535 }, 65_535],
    [{ port: 0 }, null],
    [{ port: 0, ports: null }, null],
    [{ port: 0, ports: [] }, null],
    [{ ports: [] }, null],
    [{ ports: null }, null],
  ])('parses %j as %j', (body, port) => {
    expect(parseForwardedPort(body)).toBe(port);
  });

  it.each([
    {},
    null,
    [],
    [5914],
    'port',
    { port: null },
    { port: '5914' },
    { port: -1 },
    { port: 65_536 },
    { port: 59.14 },
    { ports: 5914 },
    { ports: [5914, 'x'] },
    { port: 'x', ports: [5914] },
  ])('throws for %j', (body) => {
    expect(() => parseForwardedPort(body)).toThrow('invalid forwarded port');
  });
});

describe('parsePublicAddress', () => {
  it('parses an address with its location', () => {
    const body = { public_ip: '203.0.113.7', country: 'Switzerland', region: 'Zurich', city: 'Zurich' };
    expect(parsePublicAddress({ ...body, organization: 'Example', timezone: 'Europe/Zurich' })).toEqual({
      ip: '203.0.113.7',
      country: 'Switzerland',
      region: 'Zurich',
      city: 'Zurich',
    });
  });

  it('parses an address without a location', () => {
    expect(parsePublicAddress({ public_ip: '2001:db8::7', country: '', city: 7 })).toEqual({
      ip: '2001:db8::7',
      country: null,
      region: null,
      city: null,
    });
  });

  it('returns null before Gluetun has detected the address', () => {
    expect(parsePublicAddress({ public_ip: '' })).toBeNull();
  });

  it.each([{}, null, { public_ip: null }, { public_ip: 'localhost' }, { public_ip: 7 }])(
    'throws for %j',
    (body) => {
      expect(() => parsePublicAddress(body)).toThrow('invalid public address');
    },
  );
});

describe('parseTunnelState', () => {
  it.each(['starting', 'running', 'stopping', 'stopped', 'crashed', 'completed'])('parses %s', (status) => {
    expect(parseTunnelState({ status })).toBe(status);
  });

  it.each([{}, null, 'running', { status: 'RUNNING' }, { status: null }, { status: 'toString' }])(
    'throws for %j',
    (body) => {
      expect(() => parseTunnelState(body)).toThrow('unknown tunnel status');
    },
  );
});
