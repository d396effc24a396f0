import type { ComponentChildren } from 'preact';
import type { Tone } from '../lib/status-summary.ts';
import type { EngineHealth } from '../lib/wire.ts';

/** A state in words, with a colour for the tone. */
export function Badge({
  tone,
  title,
  children,
}: {
  tone: Tone;
  title?: string;
  children: ComponentChildren;
}) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      <span class="dot" />
      {children}
    </span>
  );
}

const HEALTH = {
  healthy: { tone: 'good', text: 'Healthy' },
  unhealthy: { tone: 'bad', text: 'Not responding' },
  unknown: { tone: 'idle', text: 'Starting' },
} as const;

/** Health of an engine. A paused one has none. */
export function HealthBadge({ health, paused }: { health: EngineHealth; paused: boolean }) {
  const { tone, text } = paused ? ({ tone: 'warn', text: 'Paused' } as const) : HEALTH[health];
  return <Badge tone={tone}>{text}</Badge>;
}
