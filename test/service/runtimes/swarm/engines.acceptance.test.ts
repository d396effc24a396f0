import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DockerService, uniqueLabel } from '../../../support/docker/docker-service.ts';
import { engineImage } from '../../../support/docker/engine-image.ts';
import { type Swarm, startSwarm } from '../../../support/swarm/swarm.ts';
import {
  killContainer,
  provisionEngine,
  readEngines,
  removeServices,
  type SwarmEngine,
  serviceNames,
  startEngines,
  waitForHealthy,
} from '../../../support/swarm/swarm-engines.ts';
import { startSwarmService } from '../../../support/swarm/swarm-service.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const TIMEOUT_MS = 60_000;
const PROVISION = '/provision/acestream';

interface Refusal {
  code: string;
  detail: { error: string; code: string; message: string };
}

describe.skipIf('missing' in inject('docker'))('engines on a Swarm of three nodes', () => {
  let swarm: Swarm;
  let image: string;
  const services: DockerService[] = [];
  beforeAll(async () => {
    swarm = await startSwarm(3, 1);
    [image] = (await Promise.all(swarm.nodes.map(({ socket }) => engineImage(socket)))) as [string];
  });
  afterAll(() => swarm.stop());
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
    await removeServices(swarm);
  });

  const manager = (...args: string[]) => swarm.node(1).docker(...args);
  const start = async (env: NodeJS.ProcessEnv = {}) => {
    const service = await startSwarmService(swarm, image, [1], env);
    services.push(service);
    return service;
  };
  /** Creates a service that sleeps, as an operator does. @returns its id */
  const createService = async (name: string, ...options: string[]) => {
    const flags = ['--detach', '--quiet', '--no-resolve-image', '--restart-condition', 'none'];
    // `sleep` as the first process ignores the signal that ends it.
    flags.push('--stop-grace-period', '0s');
    return await manager('service', 'create', '--name', name, ...flags, ...options, image, 'sleep', '1000');
  };
  /** Reads all tasks of a service, such as `Running 2 seconds ago`. */
  const stateOf = (name: string) => manager('service', 'ps', '--format', '{{.CurrentState}}', name);

  it('are services with one task, reached at the address of their node, and removed with their service', async () => {
    const service = await start({ MAX_REPLICAS: '12' });
    const listed = await startEngines(service, 12);
    expect(listed.map(({ port }) => port)).toEqual([...new Set(listed.map(({ port }) => port))]);
    const addresses = new Set(listed.map(({ host }) => host));
    expect([...addresses].sort()).toEqual(swarm.nodes.map(({ address }) => address));
    for (const { host, node } of listed)
      expect(swarm.nodes.find(({ name }) => name === node?.name)?.address).toBe(host);

    const { container_id: id, container_name: name } = listed[0]!;
    expect(await manager('service', 'ls', '--quiet', '--filter', `name=${name}`)).toBe(id.slice(0, 12));
    const { status } = await service.write('DELETE', `/engines/${id}`);
    expect(status).toBe(200);
    expect((await readEngines(service)).map(({ container_id: other }) => other)).not.toContain(id);
    expect(await serviceNames(swarm)).not.toContain(name);
  });

  it('are restarted with the same id, name and port, also without agents', async () => {
    const service = await start();
    const { container_id: id } = await provisionEngine(service);
    const [before] = await waitForHealthy(service, 1);
    const restarted = await service.write('POST', `/engines/${id}/restart`);
    expect(restarted).toMatchObject({ status: 200, body: { restarted: id, container_id: id } });
    const [after] = await waitForHealthy(service, 1);
    const { container_name: name, port } = before!;
    expect(after).toMatchObject({ container_id: id, container_name: name, port });
    expect(await stateOf(name)).toMatch(/^Running.*\n(Shutdown|Failed|Complete)/);
    const { body: events } = await service.get<{ message: string }[]>(`/events?container_id=${id}`);
    const messages = events.map(({ message }) => message.replace(/^Engine \S+ /, ''));
    expect(messages).toContain('is being restarted');
    expect(messages.join('\n')).not.toContain('is no longer running');
  });

  it('of two orchestrators without Redis have separate ports, and are never more than MAX_REPLICAS', async () => {
    const settings = { CONTAINER_LABEL: uniqueLabel(), MAX_REPLICAS: '6' };
    const two = [await start(settings), await start(settings)];
    const replies = await Promise.all(
      two.flatMap((service) =>
        Array.from({ length: 6 }, () =>
          service.write<{ container_name: string; host_http_port: number }>('POST', PROVISION),
        ),
      ),
    );
    const started = replies.filter(({ status }) => status === 200).map(({ body }) => body.container_name);
    expect(started.length).toBeGreaterThan(0);
    const engines = await waitUntil(
      'all services are engines: those that were refused leave nothing behind',
      async () => {
        const listed = await readEngines(two[0]!);
        const names = listed.map(({ container_name: name }) => name).sort();
        return names.join() === (await serviceNames(swarm)).join() && listed;
      },
      TIMEOUT_MS,
    );
    expect(engines.length).toBeLessThanOrEqual(6);
    expect(new Set(engines.map(({ port }) => port)).size).toBe(engines.length);
    expect(engines.map(({ container_name: name }) => name)).toEqual(expect.arrayContaining(started));
  });

  it('do not get a port that another service or container uses', async () => {
    const service = await start({ PORT_RANGE_HOST: '19000-19003', MAX_REPLICAS: '4' });
    await createService('ingress', '--publish', 'published=19000,target=80');
    await createService('host', '--publish', 'published=19001,target=80,mode=host');
    const publish = ['run', '--detach', '--rm', '--publish', '19002:80', image, 'sleep', '1000'];
    const containers = await Promise.all(swarm.nodes.map((node) => node.docker(...publish)));
    for (const port of [19_000, 19_001, 19_002]) {
      const refused = await service.write('POST', PROVISION, { host_port: port });
      expect(refused, `port ${port}`).toMatchObject({ status: 409, body: { code: 'port_taken' } });
    }
    expect((await provisionEngine(service)).host_http_port).toBe(19_003);
    const names = await serviceNames(swarm);
    expect([names.length, names]).toEqual([3, expect.arrayContaining(['host', 'ingress'])]);
    await Promise.all(swarm.nodes.map((node, index) => node.docker('rm', '--force', containers[index]!)));
  });

  it('that cannot start are a failed provisioning, which says why, and leave no service', async () => {
    const withoutImage = await start({ ENGINE_IMAGE: '127.0.0.1:1/no-such-engine' });
    const missing = await withoutImage.write<Refusal>('POST', PROVISION);
    expect(missing).toMatchObject({ status: 503, body: { code: 'image_missing' } });
    expect(missing.body.detail.message).toContain('on every node');

    const exiting = await start({ ENGINE_COMMAND: 'sh -c "exit 3"' });
    // On a busy machine, a start may take so long that the response has to be sent before the exit.
    const refused = async () => {
      const reply = await exiting.write<Refusal>('POST', PROVISION);
      return reply.status !== 200 && reply;
    };
    const exited = await waitUntil('the exit is seen before the response', refused, TIMEOUT_MS);
    expect(exited).toMatchObject({ status: 503, body: { code: 'engine_exited' } });
    expect(exited.body.detail.message).toContain('check its image');

    const unplaced = await start({ ENGINE_PLACEMENT: 'node.labels.engines==true' });
    const without = await unplaced.write<Refusal>('POST', PROVISION);
    expect(without).toMatchObject({ status: 503, body: { code: 'provisioning_failed' } });
    expect(without.body.detail.message).toContain('no suitable node');
    await waitUntil('no service remains', async () => (await serviceNames(swarm)).length === 0, TIMEOUT_MS);
  });

  it('are adopted when the service restarts, and so are services of operators with the label', async () => {
    const label = uniqueLabel();
    const first = await start({ CONTAINER_LABEL: label });
    const { container_name: name } = await provisionEngine(first, { labels: { purpose: 'test' } });
    const [before] = (await waitForHealthy(first, 1)) as [SwarmEngine];
    await first.app.close();

    const labels = [label, 'host.http_port=19050', 'acestream.http_port=40000'];
    const options = labels.flatMap((each) => ['--label', each]);
    await createService('by-hand', ...options);
    await createService('foreign', '--label', uniqueLabel());
    await createService('three', '--label', label, '--replicas', '3');
    const isRunning = async () => (await stateOf('by-hand')).startsWith('Running');
    await waitUntil('the service of the operator runs', isRunning, TIMEOUT_MS);

    const second = await start({ CONTAINER_LABEL: label });
    const listed = await readEngines(second);
    expect(listed.map((engine) => engine.container_name).sort()).toEqual([name, 'by-hand'].sort());
    const after = listed.find((engine) => engine.container_name === name);
    const { container_id: id, host, node, labels: ownLabels } = before;
    expect(after).toMatchObject({ container_id: id, host, node, labels: ownLabels });
    const byHand = listed.find((engine) => engine.container_name === 'by-hand')!;
    expect(byHand).toMatchObject({ port: 19_050, labels: { 'acestream.http_port': '40000' } });

    const unknown = await manager('service', 'inspect', '--format', '{{.ID}}', 'foreign');
    expect((await second.write('DELETE', `/engines/${unknown}`)).status).toBe(404);
    for (const engine of listed) await second.write('DELETE', `/engines/${engine.container_id}`);
    expect(await serviceNames(swarm)).toEqual(['foreign', 'three']);
  });

  it('that an orchestrator has left behind are removed, but not those of operators', async () => {
    const label = uniqueLabel();
    const dataDir = await mkdtemp(join(tmpdir(), 'roundhouse-swarm-data-'));
    const settings = { CONTAINER_LABEL: label, DATA_DIR: dataDir, MONITOR_INTERVAL_S: '0.5' };
    const first = await start(settings);
    const { container_name: name } = await provisionEngine(first);
    const [engine] = (await waitForHealthy(first, 1)) as [SwarmEngine];
    const instance = await manager(
      ...['service', 'inspect', '--format', '{{index .Spec.Labels "roundhouse.instance"}}', name],
    );
    await first.app.close();
    services.splice(0);

    // It ends while no orchestrator runs, and another was never placed: its orchestrator was killed meanwhile.
    await killContainer(swarm, engine);
    const own = ['--label', label, '--label', `roundhouse.instance=${instance}`];
    await createService('unplaced', ...own, '--constraint', 'node.labels.none==true');
    await createService('by-hand', '--label', label, '--constraint', 'node.labels.none==true');
    const hasEnded = async () => /^(Failed|Complete)/.test(await stateOf(name));
    await waitUntil('Swarm has noticed the end', hasEnded, TIMEOUT_MS);
    await start(settings);
    const areSwept = async () => (await serviceNames(swarm)).join() === 'by-hand';
    await waitUntil('only the one of the operator remains', areSwept, TIMEOUT_MS);
  });
});
