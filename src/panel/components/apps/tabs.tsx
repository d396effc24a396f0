import { TEXTS } from '../../lib/apps/texts.ts';

const T = TEXTS.nav;

/** Links between the lists about browser apps. */
export function Tabs({ current }: { current: 'apps' | 'profiles' }) {
  return (
    <nav class="tabs" aria-label={T.label}>
      <a href="#/apps" aria-current={current === 'apps' ? 'page' : undefined}>
        {T.apps}
      </a>
      <a href="#/profiles" aria-current={current === 'profiles' ? 'page' : undefined}>
        {T.profiles}
      </a>
    </nav>
  );
}
