import { useService, useStore } from '../hooks.ts';

/** In two words: whether what is shown is of now. */
export function Connection() {
  const { live, awaySince } = useService();
  const connected = useStore(live.connected);
  const away = useStore(awaySince) !== null;
  const [tone, text, title] = away
    ? (['bad', 'Away', 'The service does not answer'] as const)
    : connected
      ? (['good', 'Live', 'Changes come at once'] as const)
      : (['warn', 'Polling', 'No live notices: changes come with the next poll'] as const);
  return (
    <span class={`connection tone-${tone}`} title={title} role="status">
      <span class="dot" />
      {text}
    </span>
  );
}
