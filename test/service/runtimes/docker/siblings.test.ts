import type { ContainerInfo } from 'dockerode';
import { describe, expect, test } from 'vitest';
import { CapacityReachedError } from '../../../../src/service/engines/runtime.ts';
import { compareWithSiblings, findLeftovers } from '../../../../src/service/runtimes/docker/siblings.ts';

const MANAGED = { name: 'app', value: 'x' };

function container(
  id: string,
  port: number,
  change: { state?: string; network?: string; instance?: string } = {},
) {
  const { state = 'running', network = 'host', instance } = change;
  return {
    Id: id,
    Names: [`/name-${id}`],
    State: state,
    HostConfig: { NetworkMode: network },
    Labels: {
      app: 'x',
      'roundhouse.host-http-port': `${port}`,
      'roundhouse.container-https-port': `${port + 1}`,
      ...(instance && { 'roundhouse.instance': instance }),
    },
  } as unknown as ContainerInfo;
}

describe('a container that was created', () => {
  const own = container('own', 100, { state: 'created' });
  const compare = (containers: ContainerInfo[], maxEngines = 10) =>
    compareWithSiblings(containers, 'own', MANAGED, maxEngines);

  test.each([
    ['an older one', [own, container('older', 100, { state: 'created' })]],
    ['one whose HTTPS port is the same', [own, container('older', 99)]],
    ['a newer one that runs already', [container('newer', 100), own]],
  ])('has no port of %s', (_which, containers) => {
    expect(() => compare(containers)).toThrow(expect.objectContaining({ code: 'port_taken' }));
  });

  test.each([
    ['a newer one that is not started', [container('newer', 100, { state: 'created' }), own]],
    ['one that has stopped', [own, container('older', 100, { state: 'exited' })]],
    ['one in another network', [own, container('older', 100, { network: 'container:vpn' })]],
    ['one with other ports', [own, container('older', 102)]],
  ])('can have a port of %s', (_which, containers) => {
    expect(() => compare(containers)).not.toThrow();
  });

  test('Docker itself keeps published ports apart', () => {
    const published = container('own', 100, { state: 'created', network: 'default' });
    expect(() => compare([published, container('older', 100, { network: 'default' })])).not.toThrow();
  });

  test('is one too many if the older ones reach the maximum', () => {
    const containers = [
      container('newer', 104),
      own,
      container('b', 102, { state: 'paused' }),
      container('a', 106),
    ];
    expect(() => compare(containers, 3)).not.toThrow();
    expect(() => compare(containers, 2)).toThrow(CapacityReachedError);
  });

  test('that is gone already is left to the call that starts it', () => {
    expect(() => compare([container('older', 100)], 1)).not.toThrow();
  });
});

describe('containers that nobody starts', () => {
  const find = (containers: ContainerInfo[], now: number, firstSeen = new Map<string, number>()) =>
    findLeftovers(containers, 'me', (name) => name === 'name-busy' || name === 'starting', {
      firstSeen,
      now,
      maxStartMs: 60,
    });

  test('of this service are found at once, those of others after the longest start', () => {
    const firstSeen = new Map();
    const containers = [
      container('mine', 1, { instance: 'me' }),
      container('other', 2, { instance: 'another' }),
    ];
    expect(find(containers, 1000, firstSeen)).toEqual(['mine']);
    expect(find(containers, 1059, firstSeen)).toEqual(['mine']);
    expect(find(containers, 1060, firstSeen)).toEqual(['mine', 'other']);
    expect(find([], 1061, firstSeen)).toEqual([]);
    expect(firstSeen.size).toBe(0);
  });

  test('are not those that an operator has created', () => {
    const firstSeen = new Map();
    for (const now of [0, 1000]) expect(find([container('created', 1)], now, firstSeen)).toEqual([]);
  });

  test('are not those that this service is starting', () => {
    const containers = [
      container('busy', 1, { instance: 'me' }),
      container('starting', 2, { instance: 'me' }),
    ];
    expect(find(containers, 1000)).toEqual([]);
  });
});
