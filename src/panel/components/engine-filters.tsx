import type { EngineFilter } from '../lib/engine-rows.ts';
import { t } from '../lib/i18n.ts';
import type { EngineHealth } from '../lib/wire.ts';

interface EngineFiltersProps {
  filter: EngineFilter;
  vpns: string[];
  onFilter: (filter: EngineFilter) => void;
}

/** Controls of the engine filter. `vpns` are the VPN containers to choose from; `-` stands for none. */
export function EngineFilters({ filter, vpns, onFilter }: EngineFiltersProps) {
  return (
    <search class="filters">
      <input
        type="search"
        aria-label={t('Filter by name or label')}
        placeholder={t('Name or label=value')}
        value={filter.text}
        onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value })}
      />
      <select
        aria-label={t('Health')}
        value={filter.health}
        onChange={({ currentTarget }) =>
          onFilter({ ...filter, health: currentTarget.value as EngineHealth | '' })
        }
      >
        <option value="">{t('All health states')}</option>
        <option value="healthy">{t('Healthy')}</option>
        <option value="unhealthy">{t('Not responding')}</option>
        <option value="unknown">{t('Starting')}</option>
      </select>
      <select
        aria-label={t('VPN')}
        value={filter.vpn}
        onChange={({ currentTarget }) => onFilter({ ...filter, vpn: currentTarget.value })}
      >
        <option value="">{t('All VPNs')}</option>
        {vpns.map((vpn) => (
          <option key={vpn} value={vpn}>
            {vpn === '-' ? t('No VPN') : vpn}
          </option>
        ))}
      </select>
    </search>
  );
}
