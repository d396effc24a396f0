import { useState } from 'preact/hooks';
import { lines } from '../../lib/apps/manifest-form.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { Card } from '../card.tsx';
import { useAppOperations } from './use-operations.ts';

const T = TEXTS.warm;

/** Requests URLs in advance, so that their responses are stored. */
export function WarmCard({ path }: { path: { workspace: string; app: string } }) {
  const operations = useAppOperations();
  const [text, setText] = useState('');
  const [first, ...others] = lines(text);
  return (
    <Card title={T.title}>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (first !== undefined) void operations.warm(path, [first, ...others]);
        }}
      >
        <label class="field">
          <span>{T.urls}</span>
          <textarea
            rows={3}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={first === undefined}>
          {TEXTS.actions.warm}
        </button>
      </form>
    </Card>
  );
}
