import type { ComponentChildren } from 'preact';
import { t } from '../lib/i18n.ts';
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

const HEALTH_TONES = { healthy: 'good', unhealthy: 'bad', unknown: 'idle' } as const;

/** Health of an engine in words. A paused one has none. */
export function healthText(health: EngineHealth, paused: boolean): string {
  if (paused) return t('Paused');
  return { healthy: t('Healthy'), unhealthy: t('Not responding'), unknown: t('Starting') }[health];
}

/** Health of an engine. A paused one has none. */
export function HealthBadge({ health, paused }: { health: EngineHealth; paused: boolean }) {
  return <Badge tone={paused ? 'warn' : HEALTH_TONES[health]}>{healthText(health, paused)}</Badge>;
}
