import { useService, useStore } from '../hooks.ts';
import { INTERVALS_S, type Preferences, type ThemeChoice } from '../lib/preferences.ts';
import type { Route } from '../lib/router.ts';
import { Connection } from './connection.tsx';
import { Icon, type IconName } from './icon.tsx';
import { Logo } from './logo.tsx';

const LINKS = [
  { href: '#/', text: 'Overview', pages: ['overview'] },
  { href: '#/engines', text: 'Engines', pages: ['engines', 'engine'] },
  { href: '#/cache', text: 'Cache', pages: ['cache'] },
];
const THEMES: Record<ThemeChoice, { next: ThemeChoice; icon: IconName; text: string }> = {
  auto: { next: 'light', icon: 'auto', text: "the system's" },
  light: { next: 'dark', icon: 'sun', text: 'light' },
  dark: { next: 'auto', icon: 'moon', text: 'dark' },
};

export function Header({ page, preferences }: { page: Route['page']; preferences: Preferences }) {
  return (
    <header class="header">
      <a class="brand" href="#/" aria-label="Roundhouse, overview">
        <Logo />
        <span>Roundhouse</span>
      </a>
      <nav aria-label="Pages">
        {LINKS.map(({ href, text, pages }) => (
          <a key={href} href={href} aria-current={pages.includes(page) ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <div class="header-end">
        <Connection />
        <IntervalChoice {...preferences} />
        <ForgetKey />
        <ThemeToggle {...preferences} />
      </div>
    </header>
  );
}

function IntervalChoice({ intervalS }: Pick<Preferences, 'intervalS'>) {
  const chosen = useStore(intervalS);
  return (
    <select
      class="quiet"
      aria-label="Poll every"
      title="How often figures are asked for; changes come at once"
      value={String(chosen)}
      onChange={({ currentTarget }) => {
        intervalS.value = Number(currentTarget.value);
      }}
    >
      {INTERVALS_S.map((seconds) => (
        <option key={seconds} value={String(seconds)}>
          every {seconds} s
        </option>
      ))}
    </select>
  );
}

/** There only while a key is held. */
function ForgetKey() {
  const { keys } = useService();
  if (useStore(keys.key) === null) return null;
  return (
    <button type="button" class="icon-button" title="Forget the key" onClick={() => keys.forget()}>
      <Icon name="key" />
      <span class="hidden">Forget the key</span>
    </button>
  );
}

function ThemeToggle({ theme }: Pick<Preferences, 'theme'>) {
  const { next, icon, text } = THEMES[useStore(theme)];
  const label = `Colours: ${text}. Change to ${THEMES[next].text}`;
  return (
    <button
      type="button"
      class="icon-button"
      title={label}
      onClick={() => {
        theme.value = next;
      }}
    >
      <Icon name={icon} />
      <span class="hidden">{label}</span>
    </button>
  );
}
