import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DockerClient } from '../../../../src/service/runtimes/docker/client.ts';
import { type ContainerEvent, followEvents } from '../../../../src/service/runtimes/docker/events.ts';
import { type StubServer, startStubServer } from '../../../support/http/stub-server.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const WAIT_MS = 10_000;

let daemon: StubServer;
let streams: ServerResponse[];
let events: ContainerEvent[];
let connections: number;
let disconnections: Error[];
let stop: () => void;
beforeEach(async () => {
  streams = [];
  events = [];
  connections = 0;
  disconnections = [];
  daemon = await startStubServer((request, response) => {
    if (!request.url?.includes('/events')) return response.end('OK');
    streams.push(response);
    response.writeHead(200).flushHeaders();
  });
  const host = `tcp://127.0.0.1:${daemon.port}`;
  const client = new DockerClient({ host, timeoutS: 5, concurrency: 4, onCall: () => {} });
  stop = followEvents(
    client,
    {},
    {
      onEvent: (event) => events.push(event),
      onConnected: () => {
        connections += 1;
      },
      onDisconnected: (reason) => disconnections.push(reason),
    },
  );
  await waitUntil('the connection', () => connections === 1, WAIT_MS);
});
afterEach(async () => {
  stop();
  await daemon[Symbol.asyncDispose]();
});

function eventOf(id: string): string {
  return `${JSON.stringify({ Action: 'start', Actor: { ID: id } })}\n`;
}

test.each([
  ['no JSON', 'panic: out of memory'],
  ['half an event', '{"Action":"die","Actor":{"ID":"a'],
  ['null', 'null'],
  ['an array', '[]'],
  ['an event without an id', '{"Action":"die","Actor":{}}'],
  ['an id that is no text', '{"Action":"die","Actor":{"ID":7}}'],
  ['an action that is no text', '{"Action":{},"Actor":{"ID":"b"}}'],
  ['an actor that is no object', '{"Action":"die","Actor":7}'],
])('a line that is %s may be a lost event, and the following events are delivered', async (_, line) => {
  streams[0]!.write(`${eventOf('first')}${line}\n${eventOf('second')}`);
  await waitUntil('both events', () => events.length === 2, WAIT_MS);
  expect(events).toEqual([
    { action: 'start', id: 'first' },
    { action: 'start', id: 'second' },
  ]);
  // Reported like a new connection, so that the containers are listed again.
  expect(connections).toBe(2);
  expect(disconnections).toEqual([]);
});

test('an empty line is no event', async () => {
  streams[0]!.write(`\n${eventOf('first')}`);
  await waitUntil('the event', () => events.length === 1, WAIT_MS);
  expect(connections).toBe(1);
});

test('the fields of daemons before API version 1.22 are read', async () => {
  streams[0]!.write('{"status":"die","id":"first"}\n');
  await waitUntil('the event', () => events.length === 1, WAIT_MS);
  expect(events).toEqual([{ action: 'die', id: 'first' }]);
});

test('the exit code of a container that has stopped is read, if it is one', async () => {
  const died = (Attributes: unknown) =>
    `${JSON.stringify({ Action: 'die', Actor: { ID: 'a', Attributes } })}\n`;
  streams[0]!.write(
    [{ exitCode: '137' }, { exitCode: 'x' }, { exitCode: {} }, {}, null, 7].map(died).join(''),
  );
  await waitUntil('all events', () => events.length === 6, WAIT_MS);
  expect(events).toEqual([
    { action: 'die', id: 'a', exitCode: 137 },
    ...Array.from({ length: 5 }, () => ({ action: 'die', id: 'a' })),
  ]);
});

test('a line without an end is not kept, and the events that follow are read on a new connection', async () => {
  const endless = 'x'.repeat(64 * 1024);
  const [stream] = streams;
  const closed = new Promise((resolve) => stream!.once('close', resolve));
  const write = () => {
    if (stream!.destroyed) return;
    if (stream!.write(endless)) setImmediate(write);
    else stream!.once('drain', write);
  };
  stream!.write(eventOf('first'));
  write();
  await closed;
  await waitUntil('the next connection', () => connections === 2, WAIT_MS);
  streams[1]!.write(eventOf('second'));
  await waitUntil('both events', () => events.length === 2, WAIT_MS);
  expect(disconnections.map(({ message }) => message)).toEqual(['Docker sent an event of more than 1 MiB']);
});
