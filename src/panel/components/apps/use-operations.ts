import { useMemo } from 'preact/hooks';
import { useClient } from '../../hooks.ts';
import { AppOperations } from '../../lib/apps/app-operations.ts';

/** Returns the writes about browser apps. */
export function useAppOperations(): AppOperations {
  const client = useClient();
  return useMemo(() => new AppOperations(client), [client]);
}
