import { t } from '../../lib/i18n.ts';

/** Links between the lists about browser apps. */
export function Tabs({ current }: { current: 'apps' | 'profiles' }) {
  return (
    <nav class="tabs" aria-label={t('Browser apps')}>
      <a href="#/apps" aria-current={current === 'apps' ? 'page' : undefined}>
        {t('Apps')}
      </a>
      <a href="#/profiles" aria-current={current === 'profiles' ? 'page' : undefined}>
        {t('Profiles')}
      </a>
    </nav>
  );
}
