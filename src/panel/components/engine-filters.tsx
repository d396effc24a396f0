import type { EngineFilter } from '../lib/engine-rows.ts';
import type { EngineHealth } from '../lib/wire.ts';

interface EngineFiltersProps {
  filter: EngineFilter;
  vpns: string[];
  onFilter: (filter: EngineFilter) => void;
}

export function EngineFilters({ filter, vpns, onFilter }: EngineFiltersProps) {
  return (
    <search class="filters">
      <input
        type="search"
        aria-label="Filter by name or label"
        placeholder="name or label=value"
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
        <option value="">any health</option>
        <option value="healthy">healthy</option>
        <option value="unhealthy">not answering</option>
        <option value="unknown">starting</option>
      </select>
      <select
        aria-label="VPN"
        value={filter.vpn}
        onChange={({ currentTarget }) => onFilter({ ...filter, vpn: currentTarget.value })}
      >
        <option value="">any VPN</option>
        {vpns.map((vpn) => (
          <option key={vpn} value={vpn}>
            {vpn === '-' ? 'no VPN' : vpn}
          </option>
        ))}
      </select>
    </search>
  );
}
