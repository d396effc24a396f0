import { useState } from 'preact/hooks';
import { useClient, useStore } from '../hooks.ts';
import type { KeyPrompt } from '../lib/api-key-store.ts';
import { Dialog } from './dialog.tsx';

/** Prompts for the API key while a request needs it. */
export function ApiKeyDialog() {
  const prompt = useStore(useClient().apiKey.prompt);
  return prompt && <Prompt key={String(prompt.rejected)} {...prompt} />;
}

function Prompt({ rejected, answer }: KeyPrompt) {
  const [key, setKey] = useState('');
  return (
    <Dialog
      title="API key required"
      action="Continue"
      disabled={key === ''}
      onAction={() => answer(key)}
      onClose={() => answer(null)}
    >
      {rejected && (
        <p class="error" role="alert">
          The API key is not valid.
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
        The service prints the key when it starts, and stores it in the file <code>api-key</code> in its data
        directory. The panel keeps the key until this tab is closed.
      </p>
    </Dialog>
  );
}
