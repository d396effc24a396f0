import type { ThemeChoice } from './lib/preferences.ts';
import type { Store } from './lib/store.ts';

/** Called when the colours have changed: canvases do not follow by themselves. */
export const themeChanges = new EventTarget();

/** Puts the theme that was chosen, or the system's, on the document, and follows both. */
export function followTheme(choice: Store<ThemeChoice>): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const dark = choice.value === 'dark' || (choice.value === 'auto' && system.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    themeChanges.dispatchEvent(new Event('change'));
  };
  choice.subscribe(apply);
  system.addEventListener('change', apply);
  apply();
}
