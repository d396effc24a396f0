import type { Registry } from '@prometheus-io/client';
import type { EventBus } from '../events/events.ts';
import type { StreamSample } from '../streams/sample.ts';
import { gauge, type Refresh } from './instruments.ts';

const MIB = 1024 * 1024;
const KIB_PER_MIB = 1024;

/** The samples of streams, as held in memory. */
export interface StreamSampleSource {
  /** Ids of the playing streams. */
  startedIds(): Iterable<string>;
  /** The latest sample, or null if there is none or it is out of date. */
  current(streamId: string): StreamSample | null;
  /** The latest sample, out of date or not, or null. */
  last(streamId: string): StreamSample | null;
}

interface Bytes {
  downloaded: number;
  uploaded: number;
}

/** Declares `orch_total_*`: transfer rates of the playing streams, and bytes of all streams since the start. */
export function transferMetrics(registry: Registry, source: StreamSampleSource, bus: EventBus): Refresh {
  const totals = new TransferTotals();
  // Otherwise the bytes since the last scrape would be lost with the stream.
  bus.subscribe((event) => {
    if (event.type === 'stream_ended') totals.end(event.streamId, source.last(event.streamId));
  });
  const setPeers = gauge(registry, 'orch_total_peers', 'Peers of all playing streams.');
  const setDown = gauge(
    registry,
    'orch_total_download_speed_mbps',
    'Download speed of all playing streams, in MB/s.',
  );
  const setUp = gauge(
    registry,
    'orch_total_upload_speed_mbps',
    'Upload speed of all playing streams, in MB/s.',
  );
  const setBytesDown = gauge(
    registry,
    'orch_total_downloaded_bytes',
    'Bytes downloaded since the service started.',
  );
  const setBytesUp = gauge(
    registry,
    'orch_total_uploaded_bytes',
    'Bytes uploaded since the service started.',
  );
  const setMbDown = gauge(
    registry,
    'orch_total_downloaded_mb',
    'Megabytes downloaded since the service started.',
  );
  const setMbUp = gauge(registry, 'orch_total_uploaded_mb', 'Megabytes uploaded since the service started.');
  return () => {
    const current = { peers: 0, speedDown: 0, speedUp: 0 };
    for (const id of source.startedIds()) {
      const sample = source.current(id);
      current.peers += sample?.peers ?? 0;
      current.speedDown += sample?.speedDown ?? 0;
      current.speedUp += sample?.speedUp ?? 0;
      totals.add(id, sample);
    }
    setPeers(current.peers);
    setDown(current.speedDown / KIB_PER_MIB);
    setUp(current.speedUp / KIB_PER_MIB);
    const { downloaded, uploaded } = totals.bytes;
    setBytesDown(downloaded);
    setBytesUp(uploaded);
    setMbDown(downloaded / MIB);
    setMbUp(uploaded / MIB);
  };
}

/** Bytes transferred by all streams. Engines count from zero in each session of a stream. */
export class TransferTotals {
  /** The totals so far. */
  readonly bytes: Bytes = { downloaded: 0, uploaded: 0 };
  /** Counters of each stream that are part of the totals already. */
  readonly #counted = new Map<string, Bytes>();

  /** Adds what a stream has transferred since its previous sample. */
  add(streamId: string, sample: Pick<StreamSample, keyof Bytes> | null): void {
    if (!sample) return;
    const counted = this.#counted.get(streamId) ?? { downloaded: 0, uploaded: 0 };
    for (const direction of ['downloaded', 'uploaded'] as const) {
      const count = sample[direction] ?? counted[direction];
      this.bytes[direction] += count >= counted[direction] ? count - counted[direction] : count;
      counted[direction] = count;
    }
    this.#counted.set(streamId, counted);
  }

  /** Adds the last sample of a stream. Its id may be used again, with another session. */
  end(streamId: string, sample: Pick<StreamSample, keyof Bytes> | null): void {
    this.add(streamId, sample);
    this.#counted.delete(streamId);
  }
}
