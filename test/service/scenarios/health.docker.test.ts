import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { type DockerService, startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface EngineReply {
  container_id: string;
  health_status: string;
}

describeWithDocker('engines in Docker', (docker) => {
  // Other suites have engines on the same daemon.
  const label = uniqueLabel();
  let service: DockerService;

  beforeAll(async () => {
    service = await startDockerService(docker, {
      CONTAINER_LABEL: label,
      MIN_REPLICAS: '2',
      MIN_FREE_REPLICAS: '1',
      HEALTH_CHECK_INTERVAL_S: '0.5',
      HEALTH_FAILURE_THRESHOLD: '2',
      ENGINE_GRACE_PERIOD_S: '1',
    });
  });
  afterAll(async () => {
    await service.close();
    // Docker responds with a conflict if a container is already being removed.
    const allGone = async () => {
      const ids = await cli(docker.socket, 'ps', '--all', '--quiet', '--filter', `label=${label}`);
      if (ids !== '') await cli(docker.socket, 'rm', '--force', ...ids.split('\n')).catch(() => {});
      return ids === '';
    };
    await waitUntil('no engine is left', allGone, 20_000);
  });

  const engines = async () => (await service.get<EngineReply[]>('/engines')).body;
  const healthyIds = async () =>
    (await engines())
      .filter(({ health_status }) => health_status === 'healthy')
      .map(({ container_id }) => container_id);

  it('are started up to the minimum, and again after one is killed', async () => {
    const first = await waitUntil(
      'two are healthy',
      async () => (await healthyIds()).length === 2 && healthyIds(),
      15_000,
    );
    const [victim = ''] = first;
    await cli(docker.socket, 'kill', victim);
    await waitUntil(
      'another is healthy in its place',
      async () => (await healthyIds()).filter((id) => id !== victim).length === 2,
      15_000,
    );
  });

  it('are replaced if they hang, with enough healthy ones at all times', async () => {
    const [hung = ''] = await healthyIds();
    // Unlike a pause, Docker does not see this.
    await cli(docker.socket, 'kill', '--signal', 'STOP', hung);
    let minHealthy = 2;
    await waitUntil(
      'the hung one is gone and two are healthy',
      async () => {
        const healthy = await healthyIds();
        minHealthy = Math.min(minHealthy, healthy.length);
        return !(await engines()).some(({ container_id }) => container_id === hung) && healthy.length === 2;
      },
      30_000,
    );
    expect(minHealthy).toBeGreaterThanOrEqual(1);
    // It takes the time that Docker gives it to stop.
    const isDone = async () => {
      const { body } = await service.get('/health/status');
      return body.healthy_engines === 2 && body.unhealthy_engines === 0 && body.marked_for_replacement === 0;
    };
    await waitUntil('nothing is left to be replaced', isDone, 15_000);
  });

  it('are scaled up and down', async () => {
    expect((await service.write('POST', '/scale/4')).body).toEqual({ scaled_to: 4 });
    await waitUntil('four engines', async () => (await engines()).length === 4, 15_000);
    expect((await service.write('POST', '/scale/0')).body).toEqual({ scaled_to: 2 });
    await waitUntil('two engines', async () => (await engines()).length === 2, 15_000);
  });
});
