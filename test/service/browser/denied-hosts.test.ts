import { expect, test } from 'vitest';
import { deniedHosts } from '../../../src/service/browser/denied-hosts.ts';

test('own ports are denied at all addresses of this machine, and so are the ports of Docker', () => {
  const denied = deniedHosts({ ports: [8000], addresses: [] });
  for (const address of ['127.0.0.0/8', '[::1]', '0.0.0.0', '[::]'])
    for (const port of [8000, 2375, 2376]) expect(denied).toContain(`${address}:${port}`);
});

test('services elsewhere are denied by name and port, and at all addresses of this machine if they are here', () => {
  const denied = deniedHosts({
    ports: [],
    addresses: [
      'redis://:secret@cache.internal/1',
      'tcp://docker:2377',
      'tcp://manager',
      'gluetun:8001',
      'http://localhost:8002/v1',
      'redis://[::1]:6380',
      'unix:///var/run/docker.sock',
    ],
  });
  expect(denied).toEqual(
    expect.arrayContaining(['cache.internal:6379', 'docker:2377', 'manager:2375', 'gluetun:8001']),
  );
  expect(denied).toEqual(expect.arrayContaining(['127.0.0.0/8:8002', '[::1]:8002', '127.0.0.0/8:6380']));
  expect(denied.join()).not.toContain('secret');
  expect(denied.join()).not.toContain('docker.sock');
});
