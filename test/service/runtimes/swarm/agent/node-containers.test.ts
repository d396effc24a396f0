import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DockerClient } from '../../../../../src/service/runtimes/docker/client.ts';
import { EventBuffer } from '../../../../../src/service/runtimes/swarm/agent/event-buffer.ts';
import { NodeContainers } from '../../../../../src/service/runtimes/swarm/agent/node-containers.ts';
import type { AgentEvent } from '../../../../../src/service/runtimes/swarm/agent/protocol.ts';
import { waitUntil } from '../../../../support/wait-until.ts';

const TIMEOUT_MS = 20_000;

let listed: PromiseWithResolvers<string[]>;
/** Inspections that wait for a response, in their order. */
let inspections: { id: string; respond(state: { Running?: boolean; Paused?: boolean }): void }[];
let stream: PassThrough;
let events: EventBuffer;
let seen: AgentEvent[];
let containers: NodeContainers;
beforeEach(() => {
  listed = Promise.withResolvers();
  inspections = [];
  stream = new PassThrough();
  events = new EventBuffer(100);
  seen = [];
  events.subscribe((event) => seen.push(event));
  const docker = {
    getEvents: async () => stream,
    listContainers: async () =>
      (await listed.promise).map((Id) => ({ Id, Names: [], State: 'running', HostConfig: {} })),
    getContainer: (id: string) => ({
      inspect: () => {
        const { promise, resolve } = Promise.withResolvers<object>();
        inspections.push({ id, respond: (state) => resolve(inspected(id, state)) });
        return promise;
      },
    }),
  };
  const client = {
    docker,
    ping: async () => {},
    call: (_: string, task: (signal: AbortSignal) => Promise<unknown>) => task(new AbortController().signal),
  } as unknown as DockerClient;
  containers = new NodeContainers(client, { name: 'app', value: 'engine' }, async () => null, events);
  containers.start();
});
afterEach(() => {
  containers.stop();
  stream.destroy();
});

function inspected(Id: string, state: object) {
  return {
    Id,
    Name: `/${Id}`,
    Created: '2026-01-01T00:00:00Z',
    State: { Running: true, Paused: false, StartedAt: '2026-01-01T00:00:00Z', Pid: 1, ...state },
    Config: { Labels: { app: 'engine', 'com.docker.swarm.service.id': `s-${Id}` }, Image: 'i', Tty: false },
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: {},
  };
}
const emit = (Action: string, ID: string) => stream.write(`${JSON.stringify({ Action, Actor: { ID } })}\n`);
const until = (what: string, condition: () => boolean) => waitUntil(what, condition, TIMEOUT_MS);

test('the containers are unknown until Docker has listed them', async () => {
  await until('it follows', () => stream.listenerCount('data') > 0);
  expect([containers.isKnown, containers.dockerResponds]).toEqual([false, false]);
  listed.resolve(['a']);
  await until('one is inspected', () => inspections.length === 1);
  expect(containers.isKnown).toBe(false);
  inspections[0]!.respond({});
  await until('it is known', () => containers.isKnown);
  expect(containers.list()).toEqual([{ serviceId: 's-a', containerId: 'a', paused: false }]);
});

test('responses that arrive out of order do not undo a later change', async () => {
  listed.resolve([]);
  await until('it is known', () => containers.isKnown);
  emit('pause', 'a');
  emit('unpause', 'a');
  await until('both are inspected', () => inspections.length === 2);
  inspections[1]!.respond({ Paused: false });
  await until('it is listed', () => containers.list().length === 1);
  inspections[0]!.respond({ Paused: true });
  emit('start', 'b');
  await until('another one is inspected', () => inspections.length === 3);
  inspections[2]!.respond({});
  await until('it is listed', () => containers.list().length === 2);
  expect(containers.list()[0]).toMatchObject({ containerId: 'a', paused: false });
});

test('a container that ends while it is read does not appear, and may start again', async () => {
  listed.resolve([]);
  await until('it is known', () => containers.isKnown);
  emit('start', 'a');
  await until('it is inspected', () => inspections.length === 1);
  emit('die', 'a');
  emit('start', 'a');
  await until('it is inspected again', () => inspections.length === 2);
  inspections[0]!.respond({});
  inspections[1]!.respond({});
  await until('it is listed', () => containers.list().length === 1);
  expect(seen.map(({ type }) => type)).toEqual(['running']);
});
