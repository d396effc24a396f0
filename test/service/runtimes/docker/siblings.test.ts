import type { ContainerInfo } from 'dockerode';
import fc from 'fast-check';
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
    ['one that has stopped', [own, container('older', 100, { state: 'exited' })]],
    ['one in another network', [own, container('older', 100, { network: 'container:vpn' })]],
    ['one with other ports', [own, container('older', 102)]],
  ])('can have a port of %s', (_which, containers) => {
    expect(compare(containers)).toBeNull();
  });

  test('waits for a newer one that is not started and has its port', () => {
    const newer = container('newer', 100, { state: 'created' });
    expect(compare([newer, own])).toMatchObject({ code: 'port_taken' });
    expect(compare([container('newer', 102, { state: 'created' }), own])).toBeNull();
  });

  test('Docker itself keeps published ports apart', () => {
    const published = container('own', 100, { state: 'created', network: 'default' });
    expect(compare([published, container('older', 100, { network: 'default' })])).toBeNull();
  });

  test('is one too many if the older ones reach the maximum', () => {
    const containers = [
      container('newer', 104),
      own,
      container('b', 102, { state: 'paused' }),
      container('a', 106),
    ];
    expect(compare(containers, 4)).toBeNull();
    expect(() => compare(containers, 3)).toThrow(CapacityReachedError);
  });

  test('waits for newer ones that are not started and would be one too many', () => {
    const containers = [container('newer', 104, { state: 'created' }), own, container('older', 102)];
    expect(compare(containers, 3)).toBeNull();
    expect(compare(containers, 2)).toBeInstanceOf(CapacityReachedError);
  });

  test('that is gone already is left to the call that starts it', () => {
    expect(compare([container('older', 100)], 1)).toBeNull();
  });
});

describe('containers that orchestrators create at the same time', () => {
  interface Attempt {
    container: ContainerInfo;
    step: 'creating' | 'listing' | 'comparing' | 'starting' | 'running' | 'removed';
    listed: ContainerInfo[];
  }

  /** Lets one attempt take its next step. Docker lists a container once it is created, in the order of `attempts`. */
  function advance(attempt: Attempt, attempts: readonly Attempt[], maxEngines: number): void {
    switch (attempt.step) {
      case 'creating':
        attempt.step = 'listing';
        break;
      case 'listing':
        attempt.listed = attempts
          .filter(({ step }) => step !== 'creating' && step !== 'removed')
          .map(({ container, step }) => ({
            ...container,
            State: step === 'running' ? 'running' : 'created',
          }));
        attempt.step = 'comparing';
        break;
      case 'comparing':
        try {
          const conflict = compareWithSiblings(attempt.listed, attempt.container.Id, MANAGED, maxEngines);
          attempt.step = conflict ? 'listing' : 'starting';
        } catch {
          attempt.step = 'removed';
        }
        break;
      case 'starting':
        attempt.step = 'running';
    }
  }

  test('never have one port twice, and are never more than the maximum', () => {
    const port = fc.integer({ min: 0, max: 3 }).map((index) => 100 + 2 * index);
    const ports = fc.array(port, { minLength: 1, maxLength: 8 });
    const turns = fc.array(fc.nat(7), { maxLength: 60 });
    fc.assert(
      fc.property(ports, turns, fc.integer({ min: 1, max: 4 }), (chosen, order, maxEngines) => {
        const attempts = chosen.map(
          (each, index): Attempt => ({
            container: container(`${index}`, each),
            step: 'creating',
            listed: [],
          }),
        );
        const inTurn = Array.from({ length: 80 }, (_, index) => index);
        for (const turn of [...order, ...inTurn])
          advance(attempts[turn % attempts.length]!, attempts, maxEngines);
        const started = attempts.filter(({ step }) => step === 'running');
        expect(started.length).toBeLessThanOrEqual(maxEngines);
        expect(started.length).toBeGreaterThan(0);
        const used = started.map((each) => each.container.Labels['roundhouse.host-http-port']);
        expect(new Set(used).size).toBe(used.length);
        // Each attempt ends: none waits for one that waits for it.
        expect(attempts.every(({ step }) => step === 'running' || step === 'removed')).toBe(true);
      }),
    );
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
