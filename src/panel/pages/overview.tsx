import { Badge } from '../components/badge.tsx';
import { Card, Empty, Pending } from '../components/card.tsx';
import { EventList } from '../components/event-list.tsx';
import { Fact, Facts } from '../components/facts.tsx';
import { Hero } from '../components/hero.tsx';
import { StreamTable } from '../components/stream-table.tsx';
import { Time } from '../components/time.tsx';
import { UsageCharts } from '../components/usage-charts.tsx';
import { VpnCard } from '../components/vpn-card.tsx';
import { WindowChoice } from '../components/window-choice.tsx';
import { useFeed, useService } from '../hooks.ts';
import { describeBreaker } from '../lib/status-words.ts';
import type { Store } from '../lib/store.ts';

const EVENTS_SHOWN = 14;

export function OverviewPage({ windowS }: { windowS: Store<number> }) {
  return (
    <>
      <h1 class="hidden">Overview</h1>
      <Hero />
      <div class="section-head">
        <h2>Use over time</h2>
        <WindowChoice windowS={windowS} />
      </div>
      <UsageCharts windowS={windowS} />
      <div class="columns">
        <div class="stack">
          <StreamsCard />
          <div class="pair">
            <VpnCard />
            <ProvisioningCard />
          </div>
        </div>
        <EventsCard />
      </div>
    </>
  );
}

function StreamsCard() {
  const { feeds } = useService();
  const streams = useFeed(feeds.streams);
  const engines = useFeed(feeds.engines);
  return (
    <Card title="Streams" from={streams} class="streams">
      {streams.value === null ? (
        <Pending from={streams} />
      ) : streams.value.length === 0 ? (
        <Empty title="Nothing plays">
          <p>A stream is shown here as soon as a player has reported it.</p>
        </Empty>
      ) : (
        <StreamTable streams={streams.value} engines={engines.value ?? []} />
      )}
    </Card>
  );
}

function ProvisioningCard() {
  const { feeds } = useService();
  const polled = useFeed(feeds.status);
  if (polled.value === null) {
    return (
      <Card title="Provisioning">
        <Pending from={polled} />
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
    <Card title="Provisioning" from={polled}>
      <Facts>
        <Fact name="New engines">
          <Badge tone={can_provision ? 'good' : 'warn'} {...(blocked_reason && { title: blocked_reason })}>
            {can_provision ? 'Can start' : 'Cannot start'}
          </Badge>
        </Fact>
        <Fact name="Breaker">
          <Badge tone={breaker.tone} title={breaker.note}>
            {breaker.text}
          </Badge>
        </Fact>
        <Fact name="Last failure">{last_failure === null ? 'none' : <Time at={last_failure} />}</Fact>
      </Facts>
      {blocked_reason !== null && <p class="hint">{blocked_reason}</p>}
    </Card>
  );
}

function EventsCard() {
  const { feeds } = useService();
  const events = useFeed(feeds.events);
  return (
    <Card title="Recent events" from={events} class="recent">
      {events.value === null ? (
        <Pending from={events} />
      ) : events.value.length === 0 ? (
        <Empty title="Nothing has happened yet" />
      ) : (
        <EventList events={events.value.slice(0, EVENTS_SHOWN)} />
      )}
    </Card>
  );
}
