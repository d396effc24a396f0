import { useClient, useStore } from '../hooks.ts';
import { t } from '../lib/i18n.ts';
import type { Operation } from '../lib/operations.ts';
import { Bar } from './bar.tsx';
import { Icon } from './icon.tsx';

const TONES = { running: 'idle', done: 'good', failed: 'bad' } as const;

/** Running and recently ended operations. */
export function OperationList() {
  const { operations } = useClient();
  const list = useStore(operations.list);
  return (
    <section class="operations" aria-label={t('Operations')} aria-live="polite">
      {list.map((operation) => (
        <Item key={operation.id} operation={operation} onDismiss={() => operations.dismiss(operation.id)} />
      ))}
    </section>
  );
}

function Item({ operation, onDismiss }: { operation: Operation; onDismiss: () => void }) {
  const { state, text, progress } = operation;
  return (
    <div class={`operation tone-${TONES[state]}`}>
      {state === 'running' ? <span class="spinner" /> : <span class="dot" />}
      <p>{text}</p>
      <button type="button" class="icon-button" onClick={onDismiss}>
        <Icon name="close" />
        <span class="hidden">{t('Dismiss')}</span>
      </button>
      {state === 'running' && progress !== null && <Bar value={progress} max={1} />}
    </div>
  );
}
