import { useClient, useIsSwarm, useStore } from '../hooks.ts';
import { LANGUAGES, type Language, t } from '../lib/i18n.ts';
import { INTERVALS_S, type Preferences, type ThemePreference } from '../lib/preferences.ts';
import type { Route } from '../lib/router.ts';
import { ConnectionStatus } from './connection-status.tsx';
import { Icon, type IconName } from './icon.tsx';
import { Logo } from './logo.tsx';

const LINKS: { href: string; icon: IconName; text: () => string; pages: Route['page'][] }[] = [
  { href: '#/', icon: 'overview', text: () => t('Overview'), pages: ['overview'] },
  { href: '#/engines', icon: 'engines', text: () => t('Engines'), pages: ['engines', 'engine'] },
  { href: '#/nodes', icon: 'nodes', text: () => t('Nodes'), pages: ['nodes'] },
  {
    href: '#/apps',
    icon: 'apps',
    text: () => t('Apps'),
    pages: ['apps', 'app', 'session', 'profiles', 'profile'],
  },
  { href: '#/events', icon: 'events', text: () => t('Events'), pages: ['events'] },
  { href: '#/cache', icon: 'cache', text: () => t('Cache'), pages: ['cache'] },
  { href: '#/settings', icon: 'settings', text: () => t('Settings'), pages: ['settings'] },
];
const THEMES: Record<ThemePreference, { next: ThemePreference; icon: IconName; text: () => string }> = {
  auto: { next: 'light', icon: 'auto', text: () => t('system') },
  light: { next: 'dark', icon: 'sun', text: () => t('light') },
  dark: { next: 'auto', icon: 'moon', text: () => t('dark') },
};

/** Navigation, connection status and settings. */
export function Header({ page, preferences }: { page: Route['page']; preferences: Preferences }) {
  const isSwarm = useIsSwarm();
  const links = LINKS.filter(({ href }) => isSwarm || href !== '#/nodes');
  return (
    <header class="header">
      <a class="brand" href="#/" aria-label={t('Roundhouse, overview')}>
        <Logo />
        <span>Roundhouse</span>
      </a>
      <nav aria-label={t('Pages')}>
        {links.map(({ href, icon, text, pages }) => (
          <a key={href} href={href} aria-current={pages.includes(page) ? 'page' : undefined}>
            <Icon name={icon} />
            {text()}
          </a>
        ))}
      </nav>
      <div class="header-end">
        <ConnectionStatus />
        <IntervalSelect {...preferences} />
        <LogOut />
        <LanguageSelect {...preferences} />
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
      aria-label={t('Poll every')}
      title={t('How often data is polled; changes are shown immediately')}
      value={String(selected)}
      onChange={({ currentTarget }) => {
        intervalS.value = Number(currentTarget.value);
      }}
    >
      {INTERVALS_S.map((seconds) => (
        <option key={seconds} value={String(seconds)}>
          {t('Every {n} s', { n: seconds })}
        </option>
      ))}
    </select>
  );
}

const LANGUAGE_NAMES = { en: 'English', es: 'Español' };

function LanguageSelect({ language }: Pick<Preferences, 'language'>) {
  return (
    <select
      class="quiet language"
      aria-label={t('Language')}
      value={useStore(language)}
      onChange={({ currentTarget }) => {
        language.value = currentTarget.value as Language | 'auto';
      }}
    >
      <option value="auto">{t('Language of the browser')}</option>
      {LANGUAGES.map((one) => (
        <option key={one} value={one} lang={one}>
          {LANGUAGE_NAMES[one]}
        </option>
      ))}
    </select>
  );
}

/** Shown only while the browser is logged in. */
function LogOut() {
  const { apiKey } = useClient();
  if (!useStore(apiKey.loggedIn)) return null;
  return (
    <button
      type="button"
      class="icon-button"
      title={t('Log out')}
      onClick={() => void apiKey.logOut().catch(() => {})}
    >
      <Icon name="key" />
      <span class="hidden">{t('Log out')}</span>
    </button>
  );
}

function ThemeToggle({ theme }: Pick<Preferences, 'theme'>) {
  const { next, icon, text } = THEMES[useStore(theme)];
  const label = t('Theme: {theme}. Switch to {next}', { theme: text(), next: THEMES[next].text() });
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
