import { expect, it } from 'vitest';
import { AdoptedContainers } from '../../support/docker/adopted-containers.ts';
import { describeWithDocker } from '../../support/docker/docker.ts';
import { docker as cli } from '../../support/docker/docker-programs.ts';
import { startDockerService, uniqueLabel } from '../../support/docker/docker-service.ts';
import { startReceiver } from '../notifications/support.ts';

describeWithDocker('notifications', (docker) => {
  it('say why an engine is lost: its exit code, or that it exceeded its memory limit', async () => {
    await using receiver = await startReceiver();
    const label = uniqueLabel();
    const service = await startDockerService(docker, {
      CONTAINER_LABEL: label,
      NOTIFY_URLS: `json://${receiver.host}/`,
      NOTIFY_QUIET_S: '0',
    });
    const containers = new AdoptedContainers(docker, service, label);
    try {
      const script = 'while [ ! -f /go ]; do sleep 0.1; done;';
      const start = (id: string) => cli(docker.socket, 'exec', id, 'touch', '/go');
      const exits = await containers.run(`${script} exit 3`, '--name', `exits-${process.pid}`);
      await start(exits);
      await receiver.until(1);
      const name = `fills-${process.pid}`;
      const fills = await containers.run(
        `${script} exec tail /dev/zero`,
        ...['--name', name, '--memory', '24m', '--memory-swap', '24m'],
      );
      await start(fills);
      await receiver.until(2);
      expect(receiver.received.map(({ body }) => [body.title, body.message])).toEqual([
        [`Engine exits-${process.pid} is no longer running`, expect.stringContaining('Cause: exit code 3.')],
        [`Engine ${name} is no longer running`, expect.stringContaining('Cause: out of memory:')],
      ]);
      const { body } = await service.get<{ events: { details: object }[] }>(
        '/events?category=failed&limit=1',
      );
      expect(JSON.stringify(body)).toContain('"outOfMemory":true');
    } finally {
      await containers.removeAll();
      await service.close();
    }
  });
});
