import type { ComponentChildren } from 'preact';
import type { Tone } from '../lib/status-words.ts';
import type { EngineHealth } from '../lib/wire.ts';

/** A state in a word, with a colour that only repeats it. */
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
  unhealthy: { tone: 'bad', text: 'Not answering' },
  unknown: { tone: 'idle', text: 'Starting' },
} as const;

export function HealthBadge({ health }: { health: EngineHealth }) {
  const { tone, text } = HEALTH[health];
  return <Badge tone={tone}>{text}</Badge>;
}
