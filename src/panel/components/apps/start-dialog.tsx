import { useState } from 'preact/hooks';
import { TEXTS } from '../../lib/apps/texts.ts';
import type { Session } from '../../lib/wire.ts';
import { Dialog } from '../dialog.tsx';
import { TextField } from './text-field.tsx';
import { useAppOperations } from './use-operations.ts';

type Mode = Session['mode'];

const T = TEXTS.start;

interface StartDialogProps {
  path: { workspace: string; app: string };
  name: string;
  onClose: () => void;
}

/** Asks how to start an app. */
export function StartDialog({ path, name, onClose }: StartDialogProps) {
  const operations = useAppOperations();
  const [mode, setMode] = useState<Mode>('record');
  const [profile, setProfile] = useState('');
  return (
    <Dialog
      title={T.title(name)}
      action={TEXTS.actions.start}
      onAction={() => {
        onClose();
        void operations.start(path, name, { mode, ...(profile !== '' && { profile }) });
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>{T.mode}</span>
        <select value={mode} onChange={({ currentTarget }) => setMode(currentTarget.value as Mode)}>
          {Object.entries(TEXTS.modes).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <TextField
        text={T.profile}
        placeholder={T.profileHint}
        value={profile}
        onInput={(text) => setProfile(text.trim())}
      />
    </Dialog>
  );
}
