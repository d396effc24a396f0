import { useClient, useStore } from '../hooks.ts';
import { INTERVALS_S, type Preferences, type ThemePreference } from '../lib/preferences.ts';
import type { Route } from '../lib/router.ts';
import { ConnectionStatus } from './connection-status.tsx';
import { Icon, type IconName } from './icon.tsx';
import { Logo } from './logo.tsx';

const LINKS = [
  { href: '#/', text: 'Overview', pages: ['overview'] },
  { href: '#/engines', text: 'Engines', pages: ['engines', 'engine'] },
  { href: '#/apps', text: 'Apps', pages: ['apps', 'app', 'session', 'profiles', 'profile'] },
  { href: '#/cache', text: 'Cache', pages: ['cache'] },
  { href: '#/settings', text: 'Settings', pages: ['settings'] },
];
const THEMES: Record<ThemePreference, { next: ThemePreference; icon: IconName; text: string }> = {
  auto: { next: 'light', icon: 'auto', text: 'system' },
  light: { next: 'dark', icon: 'sun', text: 'light' },
  dark: { next: 'auto', icon: 'moon', text: 'dark' },
};

/** Navigation, connection status and settings. */
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
        <ConnectionStatus />
        <IntervalSelect {...preferences} />
        <ForgetKey />
        <ThemeToggle {...preferences} />
      </div>
    </header>
  );
}

function IntervalSelect({ intervalS }: Pick<Preferences, 'intervalS'>) {
  const selected = useStore(intervalS);
  return (
    <select
      class="quiet"
      aria-label="Poll every"
      title="How often data is polled; changes are shown immediately"
      value={String(selected)}
      onChange={({ currentTarget }) => {
        intervalS.value = Number(currentTarget.value);
      }}
    >
      {INTERVALS_S.map((seconds) => (
        <option key={seconds} value={String(seconds)}>
          Every {seconds} s
        </option>
      ))}
    </select>
  );
}

/** Shown only while an API key is stored. */
function ForgetKey() {
  const { apiKey } = useClient();
  if (useStore(apiKey.key) === null) return null;
  return (
    <button type="button" class="icon-button" title="Forget the API key" onClick={() => apiKey.forget()}>
      <Icon name="key" />
      <span class="hidden">Forget the API key</span>
    </button>
  );
}

function ThemeToggle({ theme }: Pick<Preferences, 'theme'>) {
  const { next, icon, text } = THEMES[useStore(theme)];
  const label = `Theme: ${text}. Switch to ${THEMES[next].text}`;
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
