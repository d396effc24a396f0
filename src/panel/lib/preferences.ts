import { LANGUAGES, type Language } from './i18n.ts';
import { Store } from './store.ts';

/** `auto` follows the system. */
export type ThemePreference = 'auto' | 'light' | 'dark';

/** Polling intervals to choose from, in seconds. */
export const INTERVALS_S = [2, 5, 10, 30, 60] as const;
/** Time ranges of the charts to choose from. */
export const TIME_RANGES = [
  { windowS: 300, label: '5 min' },
  { windowS: 900, label: '15 min' },
  { windowS: 3600, label: '1 h' },
  { windowS: 21_600, label: '6 h' },
  { windowS: 86_400, label: '24 h' },
] as const;

const DEFAULT_INTERVAL_S = 5;
const DEFAULT_WINDOW_S = 900;

/** Settings of the panel; a change is saved in the browser. */
export interface Preferences {
  theme: Store<ThemePreference>;
  /** `auto` is that of the browser. */
  language: Store<Language | 'auto'>;
  /** Polling interval in seconds. */
  intervalS: Store<number>;
  /** Time range of the charts in seconds. */
  windowS: Store<number>;
}

/** @param storage localStorage. The API key is never stored here. */
export function openPreferences(storage: Pick<Storage, 'getItem' | 'setItem'>): Preferences {
  const windows = TIME_RANGES.map(({ windowS }) => windowS);
  return {
    theme: persisted(storage, 'theme', ['auto', 'light', 'dark'], 'auto'),
    language: persisted<Language | 'auto'>(storage, 'language', ['auto', ...LANGUAGES], 'auto'),
    intervalS: persisted<number>(storage, 'interval', INTERVALS_S, DEFAULT_INTERVAL_S),
    windowS: persisted<number>(storage, 'window', windows, DEFAULT_WINDOW_S),
  };
}

/** A stored value that is not among the choices is ignored. */
function persisted<T extends string | number>(
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  name: string,
  choices: readonly T[],
  fallback: T,
): Store<T> {
  const item = `roundhouse-${name}`;
  const stored = choices.find((choice) => String(choice) === storage.getItem(item));
  const store = new Store<T>(stored ?? fallback);
  store.subscribe(() => storage.setItem(item, String(store.value)));
  return store;
}
