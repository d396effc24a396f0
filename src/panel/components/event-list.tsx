import type { EventRecord } from '../lib/wire.ts';
import { Time } from './time.tsx';

/** Entries of the event log. */
export function EventList({ events }: { events: readonly EventRecord[] }) {
  return (
    <ol class="events">
      {events.map(({ id, timestamp, category, message, event_type }) => (
        <li key={id} title={category}>
          <Time at={timestamp} />
          <span class="category">{event_type}</span>
          <span class="message">{message}</span>
        </li>
      ))}
    </ol>
  );
}
