import { useState } from 'preact/hooks';
import { useClient, useStore } from '../hooks.ts';
import { type EventGroup, groupEvents } from '../lib/event-groups.ts';
import { describeEvent, type Subjects } from '../lib/event-text.ts';
import { t } from '../lib/i18n.ts';
import { nameOfStream } from '../lib/stream-rows.ts';
import type { EventRecord } from '../lib/wire.ts';
import { Time } from './time.tsx';

interface EventListProps {
  /** Newest first. */
  events: readonly EventRecord[];
  /** Id of the newest event of the last visit, or null. */
  lastSeenId: number | null;
  /** Maximum number of groups. */
  limit?: number;
}

/** Entries of the event log, repeats grouped. */
export function EventList({ events, lastSeenId, limit = Number.POSITIVE_INFINITY }: EventListProps) {
  const { resources } = useClient();
  const engines = useStore(resources.engines.state).value ?? [];
  const streams = useStore(resources.streams.state).value ?? [];
  const subjects: Subjects = {
    engines: new Map(engines.map(({ container_id, container_name }) => [container_id, container_name])),
    streams: new Map(streams.map((stream) => [stream.id, nameOfStream(stream)])),
  };
  const groups = groupEvents(events, lastSeenId).slice(0, limit);
  const firstSeen = groups.findIndex(({ isNew }) => !isNew);
  return (
    <ol class="events">
      {groups.map((group, index) => (
        <Group
          key={group.events[0].id}
          group={group}
          subjects={subjects}
          endsNew={index > 0 && index === firstSeen}
        />
      ))}
    </ol>
  );
}

function Group({
  group: { events },
  subjects,
  endsNew,
}: {
  group: EventGroup;
  subjects: Subjects;
  endsNew: boolean;
}) {
  const [open, setOpen] = useState(false);
  const [first, ...others] = events;
  return (
    <>
      {endsNew && (
        <li class="visit">
          <span>{t('Your last visit')}</span>
        </li>
      )}
      <li>
        <Entry event={first} subjects={subjects} />
        {others.length > 0 && (
          <button
            type="button"
            class="repeats"
            aria-expanded={open}
            title={t('Show all')}
            onClick={() => setOpen(!open)}
          >
            × {events.length}
          </button>
        )}
      </li>
      {open &&
        others.map((event) => (
          <li key={event.id} class="repeat">
            <Entry event={event} subjects={subjects} />
          </li>
        ))}
    </>
  );
}

function Entry({ event, subjects }: { event: EventRecord; subjects: Subjects }) {
  const { before, name, href, after } = describeEvent(event, subjects);
  return (
    <>
      <Time at={event.timestamp} />
      <span class="category" title={event.category}>
        {event.event_type}
      </span>
      <span class="message" title={event.container_id ?? event.stream_id ?? undefined}>
        {before}
        {href === null ? name : <a href={href}>{name}</a>}
        {after}
      </span>
    </>
  );
}
