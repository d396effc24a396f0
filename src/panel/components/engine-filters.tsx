import type { EngineFilter } from '../lib/engine-rows.ts';
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
        aria-label="Filter by name or label"
        placeholder="Name or label=value"
        value={filter.text}
        onInput={({ currentTarget }) => onFilter({ ...filter, text: currentTarget.value })}
      />
      <select
        aria-label="Health"
        value={filter.health}
        onChange={({ currentTarget }) =>
          onFilter({ ...filter, health: currentTarget.value as EngineHealth | '' })
        }
      >
        <option value="">All health states</option>
        <option value="healthy">Healthy</option>
        <option value="unhealthy">Not responding</option>
        <option value="unknown">Starting</option>
      </select>
      <select
        aria-label="VPN"
        value={filter.vpn}
        onChange={({ currentTarget }) => onFilter({ ...filter, vpn: currentTarget.value })}
      >
        <option value="">All VPNs</option>
        {vpns.map((vpn) => (
          <option key={vpn} value={vpn}>
            {vpn === '-' ? 'No VPN' : vpn}
          </option>
        ))}
      </select>
    </search>
  );
}
