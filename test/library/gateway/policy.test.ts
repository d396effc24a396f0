import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseHostPattern } from '../../../src/library/gateway/access/host-pattern.ts';
import { NetworkPolicy } from '../../../src/library/gateway/access/network-policy.ts';
import { userIdIn } from '../../../src/library/gateway/access/peer.ts';

const policy = (allow: string[] = [], deny: string[] = [], lanePorts: number[] = []) =>
  new NetworkPolicy({ allow, deny, lanePorts: new Set(lanePorts) });
const to = (host: string, port = 443) => ({ host, port });

describe('without permissions', () => {
  test.each(['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::ffff:93.184.215.14'])(
    'the public address %s is permitted',
    (address) => {
      expect(policy().permits(address, to('a.example'))).toBe(true);
    },
  );

  test.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.8.9.10'],
    ['loopback', '::1'],
    ['unspecified', '0.0.0.0'],
    ['unspecified', '::'],
    ['private', '10.1.2.3'],
    ['private', '172.16.0.1'],
    ['private', '192.168.1.1'],
    ['unique local', 'fd12::1'],
    ['link-local', '169.254.1.1'],
    ['link-local', 'fe80::1'],
    ['metadata', '169.254.169.254'],
    ['metadata of AWS', 'fd00:ec2::254'],
    ['metadata of Alibaba Cloud', '100.100.100.200'],
    ['metadata of Azure', '168.63.129.16'],
    ['metadata of Oracle Cloud', '192.0.0.192'],
    ['shared address space', '100.64.0.1'],
    ['broadcast', '255.255.255.255'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['reserved', '240.0.0.1'],
    ['IPv4 in IPv6', '::ffff:127.0.0.1'],
    ['IPv4 in IPv6', '::ffff:a9fe:a9fe'],
    ['IPv4 by NAT64', '64:ff9b::7f00:1'],
    ['IPv4 by 6to4', '2002:7f00:1::'],
    ['IPv4 by Teredo', '2001:0:7f00:1::'],
  ])('the %s address %s is refused', (_kind, address) => {
    expect(policy().permits(address, to('a.example'))).toBe(false);
    expect(() => policy().checkAddress(address, to('a.example'))).toThrow('is not permitted');
  });

  test('addresses of this machine are refused, public ones too', () => {
    const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    expect(own.length).toBeGreaterThan(0);
    for (const { address } of own) {
      expect(policy().permits(address.replace(/%.*/, ''), to('a.example')), address).toBe(false);
    }
  });
});

describe('allow', () => {
  test.each([
    ['127.0.0.1', 'a.example', '127.0.0.1', 80, true],
    ['127.0.0.1', 'a.example', '127.0.0.2', 80, false],
    ['127.0.0.1:8080', 'a.example', '127.0.0.1', 8080, true],
    ['127.0.0.1:8080', 'a.example', '127.0.0.1', 80, false],
    ['10.0.0.0/8', 'a.example', '10.200.1.1', 80, true],
    ['10.0.0.0/8', 'a.example', '192.168.0.1', 80, false],
    ['fd00::/8', 'a.example', 'fd12::1', 80, true],
    ['[::1]:90', 'a.example', '::1', 90, true],
    ['::1', 'a.example', '::1', 90, true],
    ['*.internal', 'db.internal', '10.0.0.1', 80, true],
    ['*.internal', 'db.internal.evil.example', '10.0.0.1', 80, false],
    ['db.internal:80', 'DB.internal.', '10.0.0.1', 80, true],
    ['*.js', 'a.example', '127.0.0.1', 80, false],
  ])('%s: %s at %s, port %i: %s', (pattern, host, address, port, expected) => {
    expect(policy([pattern]).permits(address, to(host, port))).toBe(expected);
  });
});

describe('deny', () => {
  test('takes precedence over allow, by name and by address', () => {
    const strict = policy(['*', '0.0.0.0/0', '::/0'], ['redis', 'docker.internal:2375', '10.0.0.5:6379']);
    expect(() => strict.checkHost(to('redis', 1))).toThrow('is not permitted');
    expect(() => strict.checkHost(to('REDIS.', 1))).toThrow('is not permitted');
    expect(() => strict.checkHost(to('docker.internal', 2375))).toThrow('is not permitted');
    expect(() => strict.checkHost(to('docker.internal', 80))).not.toThrow();
    expect(strict.permits('10.0.0.5', to('a.example', 6379))).toBe(false);
    expect(strict.permits('::ffff:10.0.0.5', to('a.example', 6379))).toBe(false);
    expect(strict.permits('10.0.0.5', to('a.example', 80))).toBe(true);
  });

  test("the gateway's own lanes are refused, by any address of this machine", () => {
    const strict = policy(['*', '0.0.0.0/0', '::/0'], [], [4000]);
    for (const address of ['127.0.0.1', '127.0.0.9', '::1', '0.0.0.0', '::ffff:127.0.0.1']) {
      expect(strict.permits(address, to('localhost', 4000)), address).toBe(false);
      expect(strict.permits(address, to('localhost', 4001)), address).toBe(true);
    }
  });
});

test.each(['', 'a b:x', 'host:0', 'host:70000', '10.0.0.0/33', 'http://a.example', '[::1'])(
  'the pattern %j is rejected',
  (pattern) => {
    expect(() => parseHostPattern(pattern)).toThrow(RangeError);
  },
);

test('the user of a connection is read from the line of its own socket', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 1 1',
    '   1: 0100007F:9C40 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1001        0 2 1',
    '   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000   100        0 3 1',
    '   3: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 4 1',
  ].join('\n');
  expect(userIdIn(table, '0100007F:9C40', ':1F90')).toBe(1002);
  expect(userIdIn(table, '0100007F:9C40', ':1F92')).toBeUndefined();
});
