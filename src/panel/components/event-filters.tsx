import { useState } from 'preact/hooks';
import { setParameters } from '../lib/address.ts';
import type { EventFilter } from '../lib/event-pages.ts';
import { t } from '../lib/i18n.ts';
import type { Engine } from '../lib/wire.ts';

const TYPES = ['engine', 'health', 'stream', 'vpn', 'system', 'app'];

/** Controls of the filter of events, which is kept in the URL. */
export function EventFilters({ filter, engines }: { filter: EventFilter; engines: readonly Engine[] }) {
  const [text, setText] = useState(filter.text);
  const isListed =
    filter.engineId === '' || engines.some(({ container_id }) => container_id === filter.engineId);
  return (
    <search class="filters">
      <input
        type="search"
        aria-label={t('Filter by text')}
        placeholder={t('Text, name or ID')}
        maxLength={200}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onChange={({ currentTarget }) => setParameters({ q: currentTarget.value })}
      />
      <select
        aria-label={t('Kind')}
        value={filter.type}
        onChange={({ currentTarget }) => setParameters({ type: currentTarget.value })}
      >
        <option value="">{t('All kinds')}</option>
        {TYPES.map((type) => (
          <option key={type} value={type}>
            {type}
          </option>
        ))}
      </select>
      <select
        aria-label={t('Engine')}
        value={filter.engineId}
        onChange={({ currentTarget }) => setParameters({ engine: currentTarget.value })}
      >
        <option value="">{t('All engines')}</option>
        {!isListed && <option value={filter.engineId}>{filter.engineId.slice(0, 12)}</option>}
        {engines.map(({ container_id, container_name }) => (
          <option key={container_id} value={container_id}>
            {container_name}
          </option>
        ))}
      </select>
      <input
        type="datetime-local"
        aria-label={t('From')}
        title={t('From')}
        value={filter.since}
        onChange={({ currentTarget }) => setParameters({ since: currentTarget.value })}
      />
    </search>
  );
}
