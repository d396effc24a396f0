import { expect, it } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { describeCluster, isLeading, TIMEOUT_MS } from './cluster-suite.ts';

describeCluster('several orchestrators', (cluster) => {
  it('do not remove an engine with a stream that was reported to another orchestrator', async () => {
    const reported = await cluster.start();
    await waitUntil('it leads', () => isLeading(reported), TIMEOUT_MS);
    expect(await reported.post('/provision/acestream', {})).toBe(200);
    const [engine] = (await reported.get<{ container_id: string; port: number }[]>('/engines')).body;
    const url = `http://127.0.0.1:${engine!.port}/none`;
    const report = {
      container_id: engine!.container_id,
      engine: { host: '127.0.0.1', port: engine!.port },
      stream: { key_type: 'infohash', key: '0'.repeat(40) },
      session: { playback_session_id: 'p', stat_url: url, command_url: url, is_live: 1 },
    };
    expect(await reported.post('/events/stream_started', report)).toBe(200);

    const settings = { AUTO_DELETE: 'true', ENGINE_GRACE_PERIOD_S: '0', AUTOSCALE_INTERVAL_S: '0.2' };
    const successor = await cluster.start(settings);
    const used = async () =>
      (await successor.get<{ capacity: { used: number } }>('/orchestrator/status')).body.capacity.used;
    await waitUntil('the stream is listed', async () => (await used()) === 1, TIMEOUT_MS);
    await reported.kill();
    await waitUntil('it leads', () => isLeading(successor), TIMEOUT_MS);
    // Idle engines are removed at once. When a second one has been removed, an idle first one would be too.
    expect(await successor.post('/provision/acestream', {})).toBe(200);
    const ids = async () =>
      (await successor.get<{ container_id: string }[]>('/engines')).body.map(
        ({ container_id }) => container_id,
      );
    await waitUntil('the idle engine is removed', async () => (await ids()).length === 1, TIMEOUT_MS);
    expect(await ids()).toEqual([engine!.container_id]);
    const [{ id: streamId } = { id: '' }] = (await successor.get<{ id: string }[]>('/streams')).body;
    expect(await successor.post('/events/stream_ended', { stream_id: streamId })).toBe(200);
    await waitUntil(
      'all engines are removed after the end of the stream',
      async () => (await ids()).length === 0,
      TIMEOUT_MS,
    );
  });
});
