import type { ThemePreference } from './lib/preferences.ts';
import type { Store } from './lib/store.ts';

/** Emits `change` when the colours change: canvases have to be drawn again. */
export const themeChanges = new EventTarget();

/** Applies the preferred theme, or that of the system, to the document, now and after each change. */
export function applyTheme(preference: Store<ThemePreference>): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const dark = preference.value === 'dark' || (preference.value === 'auto' && system.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    themeChanges.dispatchEvent(new Event('change'));
  };
  preference.subscribe(apply);
  system.addEventListener('change', apply);
  apply();
}
