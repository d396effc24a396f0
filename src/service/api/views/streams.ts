import type { Static } from 'typebox';
import type { StreamSample } from '../../streams/sample.ts';
import type { Stream } from '../../streams/streams.ts';
import type { LivePositionSchema, StreamSampleSchema, StreamSchema } from '../schemas/streams.ts';
import { toTime } from './time.ts';

/** A stream as the API returns it. */
export type WireStream = Static<typeof StreamSchema>;
/** A sample of a stream as the API returns it. */
export type WireSample = Static<typeof StreamSampleSchema>;

/**
 * Maps a stream.
 * @param sample the latest sample, or null if there is none
 */
export function toWireStream(stream: Stream, sample: StreamSample | null): WireStream {
  return {
    id: stream.id,
    key_type: stream.keyType,
    key: stream.key,
    name: stream.name,
    container_id: stream.engineId,
    playback_session_id: stream.playbackSessionId,
    stat_url: stream.statUrl,
    command_url: stream.commandUrl,
    is_live: stream.isLive,
    started_at: toTime(stream.startedAt),
    ended_at: toTime(stream.endedAt),
    status: stream.endedAt === null ? 'started' : 'ended',
    peers: sample?.peers ?? null,
    speed_down: sample?.speedDown ?? null,
    speed_up: sample?.speedUp ?? null,
    downloaded: sample?.downloaded ?? null,
    uploaded: sample?.uploaded ?? null,
  };
}

/** Maps a sample of a stream. */
export function toWireSample(sample: StreamSample): WireSample {
  return {
    ts: toTime(sample.takenAt),
    peers: sample.peers,
    speed_down: sample.speedDown,
    speed_up: sample.speedUp,
    downloaded: sample.downloaded,
    uploaded: sample.uploaded,
    status: sample.status,
    livepos: sample.livePosition && { ...sample.livePosition },
  };
}

/** Maps the position of a live stream. */
export function toWireLivePosition(
  { isLive }: Stream,
  { livePosition }: StreamSample,
): Static<typeof LivePositionSchema> {
  if (livePosition === null) return { has_livepos: false, is_live: isLive };
  const { is_live: reported, ...livepos } = livePosition;
  return { has_livepos: true, is_live: reported === null ? isLive : reported === '1', livepos };
}
