import type { Registry } from '@prometheus-io/client';
import type { EventBus } from '../events/events.ts';
import type { StreamSample } from '../streams/sample.ts';
import { gauge, type Refresh } from './instruments.ts';

const MIB = 1024 * 1024;
const KIB_PER_MIB = 1024;

/** The samples of streams, as far as they are known already. */
export interface StreamSampleSource {
  /** The ids of the streams that play. */
  startedIds(): Iterable<string>;
  /** The last sample that still holds, or null. */
  current(streamId: string): StreamSample | null;
  /** The last sample of all, whether or not it still holds. */
  last(streamId: string): StreamSample | null;
}

interface Bytes {
  downloaded: number;
  uploaded: number;
}

/** `orch_total_*` of what streams transfer: now, and all together since the service started. */
export function transferMetrics(registry: Registry, source: StreamSampleSource, bus: EventBus): Refresh {
  const sums = new TransferTotals();
  // What came after the last scrape must not be lost with the stream.
  bus.subscribe((event) => {
    if (event.type === 'stream_ended') sums.end(event.streamId, source.last(event.streamId));
  });
  const setPeers = gauge(registry, 'orch_total_peers', 'Peers of all streams that play.');
  const setDown = gauge(registry, 'orch_total_download_speed_mbps', 'Download of all streams, in MB/s.');
  const setUp = gauge(registry, 'orch_total_upload_speed_mbps', 'Upload of all streams, in MB/s.');
  const setBytesDown = gauge(
    registry,
    'orch_total_downloaded_bytes',
    'Downloaded since the service started.',
  );
  const setBytesUp = gauge(registry, 'orch_total_uploaded_bytes', 'Uploaded since the service started.');
  const setMbDown = gauge(registry, 'orch_total_downloaded_mb', 'The same in MB.');
  const setMbUp = gauge(registry, 'orch_total_uploaded_mb', 'The same in MB.');
  return () => {
    const now = { peers: 0, speedDown: 0, speedUp: 0 };
    for (const id of source.startedIds()) {
      const sample = source.current(id);
      now.peers += sample?.peers ?? 0;
      now.speedDown += sample?.speedDown ?? 0;
      now.speedUp += sample?.speedUp ?? 0;
      sums.note(id, sample);
    }
    setPeers(now.peers);
    setDown(now.speedDown / KIB_PER_MIB);
    setUp(now.speedUp / KIB_PER_MIB);
    const { downloaded, uploaded } = sums.total;
    setBytesDown(downloaded);
    setBytesUp(uploaded);
    setMbDown(downloaded / MIB);
    setMbUp(uploaded / MIB);
  };
}

/** What streams have transferred in all. Engines count anew with each session of a stream. */
export class TransferTotals {
  readonly total: Bytes = { downloaded: 0, uploaded: 0 };
  /** What is in the total already, by the stream that it came from. */
  readonly #noted = new Map<string, Bytes>();

  note(streamId: string, sample: Pick<StreamSample, keyof Bytes> | null): void {
    if (!sample) return;
    const noted = this.#noted.get(streamId) ?? { downloaded: 0, uploaded: 0 };
    for (const way of ['downloaded', 'uploaded'] as const) {
      const count = sample[way] ?? noted[way];
      this.total[way] += count >= noted[way] ? count - noted[way] : count;
      noted[way] = count;
    }
    this.#noted.set(streamId, noted);
  }

  /** Notes the last sample of a stream; its id may come again with another session. */
  end(streamId: string, sample: Pick<StreamSample, keyof Bytes> | null): void {
    this.note(streamId, sample);
    this.#noted.delete(streamId);
  }
}
