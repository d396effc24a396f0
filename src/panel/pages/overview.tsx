import { useEffect } from 'preact/hooks';
import { Badge } from '../components/badge.tsx';
import { Card, EmptyState, Loading } from '../components/card.tsx';
import { EventList } from '../components/event-list.tsx';
import { NodesCard } from '../components/nodes-card.tsx';
import { Property, PropertyList } from '../components/property-list.tsx';
import { StatusCard } from '../components/status-card.tsx';
import { StreamTable } from '../components/stream-table.tsx';
import { Time } from '../components/time.tsx';
import { TimeRangePicker } from '../components/time-range-picker.tsx';
import { UsageCharts } from '../components/usage-charts.tsx';
import { VpnCard } from '../components/vpn-card.tsx';
import { useClient, useIsSwarm, usePolled, useProblems } from '../hooks.ts';
import { t } from '../lib/i18n.ts';
import { describeBreaker } from '../lib/status-summary.ts';
import type { Store } from '../lib/store.ts';

const EVENTS_SHOWN = 14;

/** Status, usage, streams, VPN and recent events. */
export function OverviewPage({ windowS }: { windowS: Store<number> }) {
  const isSwarm = useIsSwarm();
  const vpnFails = useProblems().some(({ id }) => id.startsWith('vpn '));
  return (
    <>
      <h1 class="hidden">{t('Overview')}</h1>
      <StatusCard />
      {vpnFails && <VpnCard />}
      <div class="section-head">
        <h2>{t('Usage over time')}</h2>
        <TimeRangePicker windowS={windowS} />
      </div>
      <UsageCharts windowS={windowS} />
      <div class="columns">
        <div class="stack">
          <StreamsCard />
          <div class="pair">
            {isSwarm ? <NodesCard /> : !vpnFails && <VpnCard />}
            <ProvisioningCard />
          </div>
        </div>
        <EventsCard />
      </div>
    </>
  );
}

function StreamsCard() {
  const { resources } = useClient();
  const streams = usePolled(resources.streams);
  const engines = usePolled(resources.engines);
  return (
    <Card title={t('Streams')} from={streams} class="streams">
      {streams.value === null ? (
        <Loading from={streams} />
      ) : streams.value.length === 0 ? (
        <EmptyState title={t('No active streams')}>
          <p>{t('A stream appears here when a player reports it.')}</p>
        </EmptyState>
      ) : (
        <StreamTable streams={streams.value} engines={engines.value ?? []} />
      )}
    </Card>
  );
}

function ProvisioningCard() {
  const { resources, operations } = useClient();
  const polled = usePolled(resources.status);
  if (polled.value === null) {
    return (
      <Card title={t('Provisioning')}>
        <Loading from={polled} />
      </Card>
    );
  }
  const {
    circuit_breaker_state: state,
    can_provision,
    blocked_reason,
    last_failure,
  } = polled.value.provisioning;
  const breaker = describeBreaker(state);
  return (
    <Card title={t('Provisioning')} from={polled}>
      <PropertyList>
        <Property name={t('New engines')}>
          <Badge tone={can_provision ? 'good' : 'warn'} {...(blocked_reason && { title: blocked_reason })}>
            {can_provision ? t('Allowed') : t('Blocked')}
          </Badge>
        </Property>
        <Property name={t('Circuit breaker')}>
          <Badge tone={breaker.tone} title={breaker.description}>
            {breaker.text}
          </Badge>
        </Property>
        <Property name={t('Last failure')}>
          {last_failure === null ? t('None') : <Time at={last_failure} />}
        </Property>
      </PropertyList>
      {blocked_reason !== null && <p class="hint">{blocked_reason}</p>}
      {state !== 'closed' && (
        <button type="button" onClick={() => void operations.resetBreaker()}>
          {t('Reset')}
        </button>
      )}
    </Card>
  );
}

function EventsCard() {
  const { resources, lastVisit } = useClient();
  const events = usePolled(resources.events);
  const fresh =
    events.value?.filter(({ id }) => lastVisit.eventId !== null && id > lastVisit.eventId).length ?? 0;
  useEffect(() => {
    const newest = events.value?.[0];
    if (newest) lastVisit.save(newest.id);
  }, [events.value, lastVisit]);
  return (
    <Card
      title={t('Recent events')}
      from={events}
      class="recent"
      aside={
        <a href="#/events">
          {fresh > 0 && fresh === events.value?.length
            ? t('more than {n} since your last visit', { n: fresh })
            : fresh > 0
              ? t('{n} since your last visit', { n: fresh })
              : t('All events')}
        </a>
      }
    >
      {events.value === null ? (
        <Loading from={events} />
      ) : events.value.length === 0 ? (
        <EmptyState title={t('No events yet')} />
      ) : (
        <EventList events={events.value} lastSeenId={lastVisit.eventId} limit={EVENTS_SHOWN} />
      )}
    </Card>
  );
}
