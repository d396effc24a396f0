import { expect, it } from 'vitest';
import type { WireNode } from '../../../../src/service/api/views/nodes.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startApp } from '../../../support/service/app.ts';
import { EmulatedFleet } from '../../../support/swarm/emulated-fleet.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 30_000;

it('nodes have the times of their states, and each change is one event', async () => {
  await using fleet = await EmulatedFleet.start([
    { name: 'manager-1', role: 'manager', engines: 1 },
    { name: 'worker-1', labels: { zone: 'a' }, engines: 2 },
    { name: 'worker-2', availability: 'drain', engines: 0, agent: false },
  ]);
  await using app = await startApp({ settings: { ...fleet.settings, HISTORY_SAMPLE_INTERVAL_S: '0' } });
  const nodes = async () => (await app.get('/nodes')).body as WireNode[];
  const until = (what: string, isSo: (nodes: WireNode[]) => boolean) =>
    waitUntil(what, async () => isSo(await nodes()), TIMEOUT_MS);
  await until('both agents respond', (all) => all.filter(({ agent }) => agent === 'connected').length === 2);
  await until('engines are listed', (all) => all[0]?.engines.length === 1 && all[1]?.engines.length === 2);
  const response = await app.get('/nodes');
  assertDocumented('GET', '/nodes', {
    statusCode: response.status,
    headers: response.headers,
    body: response.body,
  });
  expect(response.body).toMatchObject([
    { name: 'manager-1', role: 'manager', leader: true, state: 'ready', agent: 'connected' },
    { name: 'worker-1', labels: { zone: 'a' }, availability: 'active', agent_version: '1.0.0' },
    { name: 'worker-2', availability: 'drain', agent: 'missing', agent_version: null },
  ]);
  const { state_since: readySince, agent_since: connectedSince } = (await nodes())[1]!;

  await fleet.stopAgent(1);
  await until('its agent is silent', (all) => all[1]!.agent === 'unreachable');
  const silent = (await nodes())[1]!;
  // Its engines respond.
  expect(silent).toMatchObject({ state: 'ready', state_since: readySince });
  expect(Date.parse(silent.agent_since!)).toBeGreaterThan(Date.parse(connectedSince!));
  const usage = await waitUntil(
    'its usage is marked',
    async () => {
      const { body } = await app.get('/engines/stats/all');
      const ofNode = silent.engines.map((id) => body[id]);
      return ofNode.every((stats) => stats?.stale !== false) && body;
    },
    TIMEOUT_MS,
  );
  const others = Object.keys(usage).filter((id) => !silent.engines.includes(id));
  expect(others.map((id) => usage[id].stale)).toEqual([false]);

  await fleet.lose(1);
  await until('it is lost', (all) => all[1]!.state === 'lost');
  const lost = (await nodes())[1]!;
  expect(Date.parse(lost.state_since)).toBeGreaterThan(Date.parse(readySince));
  expect(lost).toMatchObject({ agent_since: silent.agent_since, engines: [] });
  fleet.swarm.nodes[1]!.Status.State = 'down';
  await until('the managers have noticed it', (all) => all[1]!.state === 'down');
  expect((await nodes())[1]).toMatchObject({ state_since: lost.state_since });

  const { body: events } = await app.get('/events?event_type=system&limit=100');
  const texts = (events as { message: string }[]).map(({ message }) => message).reverse();
  // It was tried to connect to the agent several times.
  expect(texts.filter((text) => text.startsWith('Node worker-1 '))).toEqual(
    expect.arrayContaining([
      'Node worker-1 is ready; its agent does not respond',
      'Node worker-1 is lost; its agent does not respond',
      'Node worker-1 is down; its agent does not respond',
    ]),
  );
  expect(texts.filter((text) => text === 'Node worker-1 is ready; its agent does not respond')).toHaveLength(
    1,
  );
});

it('GET /health says that no manager responds, while the agents keep the answers current', async () => {
  await using fleet = await EmulatedFleet.start([{ name: 'manager-1', role: 'manager', engines: 1 }]);
  await using app = await startApp({ settings: fleet.settings });
  const managers = async () => {
    const { status, body } = await app.get('/health');
    return { status, ...body.runtime.managers };
  };
  await waitUntil(
    'the agent responds',
    async () => (await app.get('/nodes')).body[0]?.agent === 'connected',
    TIMEOUT_MS,
  );
  expect(await managers()).toEqual({
    status: 200,
    available: true,
    unavailable_since: null,
    unavailable_reason: null,
  });
  fleet.swarm.failure = { status: 503, message: 'The swarm does not have a leader.' };
  await waitUntil('it is noticed', async () => !(await managers()).available, TIMEOUT_MS);
  expect(await managers()).toEqual({
    status: 200,
    available: false,
    unavailable_since: expect.any(String),
    unavailable_reason: expect.any(String),
  });
  expect((await app.get('/metrics')).text).toContain('roundhouse_runtime_available 0');
  fleet.swarm.failure = null;
  await waitUntil('a manager responds again', async () => (await managers()).available, TIMEOUT_MS);
  expect((await app.get('/metrics')).text).toContain('roundhouse_runtime_available 1');
});
