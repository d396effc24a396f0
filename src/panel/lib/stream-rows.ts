import type { Stream } from './wire.ts';

/** Column to sort streams by. */
export type StreamColumn = 'name' | 'engine' | 'down' | 'up' | 'peers' | 'age';

/** Sort order of a table. */
export interface SortOrder<C extends string> {
  column: C;
  descending: boolean;
}

/** What the client calls a stream, the title of its content, or the beginning of its key. */
export function nameOfStream({ name, key }: Pick<Stream, 'name' | 'key'>): string {
  return name ?? (key.length > 16 ? `${key.slice(0, 16)}…` : key);
}

/** Streams of which the name, the key or the engine contain a text, sorted. `engineNames` are by container ID. */
export function arrangeStreams(
  streams: readonly Stream[],
  engineNames: ReadonlyMap<string, string>,
  text: string,
  { column, descending }: SortOrder<StreamColumn>,
): Stream[] {
  const search = text.trim().toLowerCase();
  const engineOf = ({ container_id }: Stream) => engineNames.get(container_id ?? '') ?? '';
  const values: Record<StreamColumn, (stream: Stream) => string | number | null> = {
    name: nameOfStream,
    engine: engineOf,
    down: ({ speed_down }) => speed_down,
    up: ({ speed_up }) => speed_up,
    peers: ({ peers }) => peers,
    age: ({ started_at }) => -Date.parse(started_at),
  };
  const value = values[column];
  return streams
    .filter((stream) => {
      const texts = [stream.name ?? '', stream.key, engineOf(stream)];
      return search === '' || texts.some((part) => part.toLowerCase().includes(search));
    })
    .sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      const order =
        typeof x === 'string' || typeof y === 'string'
          ? `${x}`.localeCompare(`${y}`, undefined, { numeric: true })
          : x - y;
      return (descending ? -order : order) || a.id.localeCompare(b.id);
    });
}
