import { useStore } from '../hooks.ts';
import { t } from '../lib/i18n.ts';
import { TIME_RANGES } from '../lib/preferences.ts';
import type { Store } from '../lib/store.ts';

/** Selects the time range of the charts. */
export function TimeRangePicker({ windowS }: { windowS: Store<number> }) {
  const selected = useStore(windowS);
  return (
    <fieldset class="segments">
      <legend class="hidden">{t('Time range')}</legend>
      {TIME_RANGES.map(({ windowS: seconds, label }) => (
        <label key={seconds}>
          <input
            type="radio"
            name="window"
            checked={selected === seconds}
            onChange={() => {
              windowS.value = seconds;
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
