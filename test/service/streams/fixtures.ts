import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import type { StreamSample } from '../../../src/service/streams/sample.ts';
import { StreamSamples } from '../../../src/service/streams/stream-samples.ts';
import { type NewStream, Streams } from '../../../src/service/streams/streams.ts';

/** Streams and their samples, with every event published. */
export function createStreams(historyMax = 720, maxSamples?: number) {
  const bus = new EventBus();
  const events: DomainEvent[] = [];
  bus.subscribe((event) => events.push(event));
  const streams = new Streams(bus);
  const samples = new StreamSamples(bus, historyMax, maxSamples);
  return { bus, events, streams, samples };
}

export function newStream(id: string, change: Partial<NewStream> = {}): NewStream {
  return {
    id,
    keyType: 'infohash',
    key: '0'.repeat(40),
    engineId: 'engine-1',
    playbackSessionId: 'session-1',
    statUrl: 'http://127.0.0.1:1/ace/stat/x/y',
    commandUrl: 'http://127.0.0.1:1/ace/cmd/x/y',
    name: null,
    isLive: true,
    ...change,
  };
}

export function sampleAt(takenAt: number): StreamSample {
  return {
    takenAt,
    peers: 5,
    speedDown: 800,
    speedUp: 80,
    downloaded: takenAt * 1000,
    uploaded: takenAt * 100,
    status: 'dl',
    livePosition: null,
  };
}
