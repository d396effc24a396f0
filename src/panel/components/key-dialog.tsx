import { useState } from 'preact/hooks';
import { useService, useStore } from '../hooks.ts';
import type { KeyQuestion } from '../lib/key-keeper.ts';
import { Dialog } from './dialog.tsx';

/** Asks for the API key when something needs it. */
export function KeyDialog() {
  const question = useStore(useService().keys.question);
  return question && <Question key={String(question.wrong)} {...question} />;
}

function Question({ wrong, answer }: KeyQuestion) {
  const [key, setKey] = useState('');
  return (
    <Dialog
      title="The key, please"
      action="Go on"
      disabled={key === ''}
      onAction={() => answer(key)}
      onClose={() => answer(null)}
    >
      {wrong && (
        <p class="fault" role="alert">
          That key does not fit.
        </p>
      )}
      <label class="field">
        <span>API key</span>
        <input
          type="password"
          autoComplete="off"
          spellcheck={false}
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value.trim())}
        />
      </label>
      <p class="hint">
        It is in the start-up lines of the service, and in <code>api-key</code> in its data folder. The panel
        keeps it until this tab is closed.
      </p>
    </Dialog>
  );
}
