import type { EngineFilter } from '../lib/engine-rows.ts';
import { t } from '../lib/i18n.ts';
import type { EngineHealth } from '../lib/wire.ts';

interface EngineFiltersProps {
  filter: EngineFilter;
  vpns: string[];
  /** The nodes of a Swarm to choose from; none with other runtimes. */
  nodes: { id: string; text: string }[];
  onFilter: (filter: EngineFilter) => void;
}

/** Controls of the engine filter. `vpns` are the VPN containers to choose from; `-` stands for none. A Swarm has no VPNs. */
export function EngineFilters({ filter, vpns, nodes, onFilter }: EngineFiltersProps) {
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
      {nodes.length > 0 ? (
        <select
          aria-label={t('Node')}
          value={filter.node}
          onChange={({ currentTarget }) => onFilter({ ...filter, node: currentTarget.value })}
        >
          <option value="">{t('All nodes')}</option>
          {nodes.map(({ id, text }) => (
            <option key={id} value={id}>
              {text}
            </option>
          ))}
        </select>
      ) : (
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
      )}
    </search>
  );
}
