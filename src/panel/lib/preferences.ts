import { Store } from './store.ts';

/** As localStorage. No key ever comes here. */
export interface LastingMemory {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
}

export type ThemeChoice = 'auto' | 'light' | 'dark';

export const INTERVALS_S = [2, 5, 10, 30, 60] as const;
export const WINDOWS = [
  { seconds: 300, label: '5 min' },
  { seconds: 900, label: '15 min' },
  { seconds: 3600, label: '1 h' },
  { seconds: 21_600, label: '6 h' },
  { seconds: 86_400, label: '24 h' },
] as const;

const DEFAULT_INTERVAL_S = 5;

/** How somebody likes the panel; kept in the browser. */
export interface Preferences {
  theme: Store<ThemeChoice>;
  intervalS: Store<number>;
  windowS: Store<number>;
}

export function openPreferences(memory: LastingMemory): Preferences {
  const seconds = WINDOWS.map((window) => window.seconds);
  return {
    theme: kept(memory, 'theme', ['auto', 'light', 'dark'], 'auto'),
    intervalS: kept<number>(memory, 'interval', INTERVALS_S, DEFAULT_INTERVAL_S),
    windowS: kept<number>(memory, 'window', seconds, 900),
  };
}

function kept<T extends string | number>(
  memory: LastingMemory,
  name: string,
  choices: readonly T[],
  usual: T,
): Store<T> {
  const found = choices.find((choice) => String(choice) === memory.getItem(`roundhouse-${name}`));
  const store = new Store<T>(found ?? usual);
  store.subscribe(() => memory.setItem(`roundhouse-${name}`, String(store.value)));
  return store;
}
