import { useClient, useStore } from '../hooks.ts';

/** Whether changes arrive immediately, with the next poll, or not at all. */
export function ConnectionStatus() {
  const { live, unreachableSince } = useClient();
  const connected = useStore(live.connected);
  const unreachable = useStore(unreachableSince) !== null;
  const [tone, text, title] = unreachable
    ? (['bad', 'Unreachable', 'The service is not responding'] as const)
    : connected
      ? (['good', 'Live', 'Changes are shown immediately'] as const)
      : (['warn', 'Polling', 'No live connection: changes are shown with the next poll'] as const);
  return (
    <span class={`connection tone-${tone}`} title={title} role="status">
      <span class="dot" />
      {text}
    </span>
  );
}
