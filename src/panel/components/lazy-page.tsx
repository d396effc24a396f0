import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
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
    <Card title="Page">
      {state.failed ? (
        // Another version of the service has files with other names.
        <EmptyState title="This page could not be loaded">
          <p>The service may be restarting, or it has been updated.</p>
          <button type="button" onClick={() => location.reload()}>
            Reload the panel
          </button>
        </EmptyState>
      ) : (
        <p class="pending">Loading …</p>
      )}
    </Card>
  );
}
