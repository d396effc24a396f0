import { useStore } from '../hooks.ts';
import { WINDOWS } from '../lib/preferences.ts';
import type { Store } from '../lib/store.ts';

/** How far back the charts reach. */
export function WindowChoice({ windowS }: { windowS: Store<number> }) {
  const chosen = useStore(windowS);
  return (
    <fieldset class="segments">
      <legend class="hidden">How far back</legend>
      {WINDOWS.map(({ seconds, label }) => (
        <label key={seconds}>
          <input
            type="radio"
            name="window"
            checked={chosen === seconds}
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
