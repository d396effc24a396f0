import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../lib/i18n.ts';
import { Card, EmptyState } from './card.tsx';

interface LazyPageProps<T> {
  /** Imports the module. It is loaded when the page is opened for the first time. */
  load: () => Promise<T>;
  show: (module: T) => ComponentChildren;
}

/** A page whose code is not part of the first page's. */
export function LazyPage<T>({ load, show }: LazyPageProps<T>) {
  const [state, setState] = useState<{ module?: T; failed?: true }>({});
  useEffect(() => {
    let isMounted = true;
    load().then(
      (module) => isMounted && setState({ module }),
      () => isMounted && setState({ failed: true }),
    );
    return () => {
      isMounted = false;
    };
  }, []);
  if (state.module !== undefined) return <>{show(state.module)}</>;
  return (
    <Card title={t('Page')}>
      {state.failed ? (
        // Another version of the service has files with other names.
        <EmptyState title={t('This page could not be loaded')}>
          <p>{t('The service may be restarting, or it has been updated.')}</p>
          <button type="button" onClick={() => location.reload()}>
            {t('Reload the panel')}
          </button>
        </EmptyState>
      ) : (
        <p class="pending">{t('Loading …')}</p>
      )}
    </Card>
  );
}
