import { useClient, useStore } from '../hooks.ts';
import { t } from '../lib/i18n.ts';

/** Whether changes arrive immediately, with the next poll, or not at all. */
export function ConnectionStatus() {
  const { live, unreachableSince } = useClient();
  const connected = useStore(live.connected);
  const unreachable = useStore(unreachableSince) !== null;
  const [tone, text, title] = unreachable
    ? (['bad', t('Unreachable'), t('The service is not responding')] as const)
    : connected
      ? (['good', t('Live'), t('Changes are shown immediately')] as const)
      : (['warn', t('Polling'), t('No live connection: changes are shown with the next poll')] as const);
  return (
    <span class={`connection tone-${tone}`} title={title} role="status">
      <span class="dot" />
      {text}
    </span>
  );
}
