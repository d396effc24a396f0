import { useEffect, useMemo } from 'preact/hooks';
import { Card, EmptyState } from '../components/card.tsx';
import { EventFilters } from '../components/event-filters.tsx';
import { EventList } from '../components/event-list.tsx';
import { useClient, useParameters, usePolled, useStore } from '../hooks.ts';
import { setParameters } from '../lib/address.ts';
import { EventPages } from '../lib/event-pages.ts';
import { formatCount } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';

/** The event log, with filters, back to its oldest entry. */
export function EventsPage() {
  const { api, resources, lastVisit } = useClient();
  const parameters = useParameters();
  const read = (name: string) => parameters.get(name) ?? '';
  const filter = { type: read('type'), engineId: read('engine'), text: read('q'), since: read('since') };
  const key = JSON.stringify(filter);
  const pages = useMemo(() => new EventPages(api, filter), [api, key]);
  const { events, hasMore, error } = useStore(pages.state);
  const engines = usePolled(resources.engines).value ?? [];
  usePolled(resources.streams);
  // Read again whenever something happens, so it says when there are new events.
  const latest = usePolled(resources.events);
  useEffect(() => void pages.refresh(), [pages, latest.value]);
  useEffect(() => {
    const newest = latest.value?.[0];
    if (newest) lastVisit.save(newest.id);
  }, [latest.value, lastVisit]);
  const fresh = events?.filter(({ id }) => lastVisit.eventId !== null && id > lastVisit.eventId).length ?? 0;
  return (
    <>
      <div class="section-head page-head">
        <h1>{t('Events')}</h1>
        {fresh > 0 && <span class="muted">{t('{n} since your last visit', { n: formatCount(fresh) })}</span>}
      </div>
      <Card title={t('Event log')} from={latest} aside={<EventFilters filter={filter} engines={engines} />}>
        {error !== null && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        {events === null ? (
          error === null && <p class="pending">{t('Loading …')}</p>
        ) : events.length === 0 ? (
          <EmptyState title={t('No event matches')}>
            <button type="button" onClick={() => setParameters({ type: '', engine: '', q: '', since: '' })}>
              {t('Show all events')}
            </button>
          </EmptyState>
        ) : (
          <EventList events={events} lastSeenId={lastVisit.eventId} />
        )}
        {hasMore && (
          <button type="button" class="more" onClick={() => void pages.readMore()}>
            {t('Show older events')}
          </button>
        )}
      </Card>
    </>
  );
}
