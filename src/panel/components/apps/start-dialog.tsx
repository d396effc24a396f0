import { useState } from 'preact/hooks';
import { MODE_TEXTS } from '../../lib/apps/texts.ts';
import { t } from '../../lib/i18n.ts';
import type { Session } from '../../lib/wire.ts';
import { Dialog } from '../dialog.tsx';
import { TextField } from './text-field.tsx';
import { useAppOperations } from './use-operations.ts';

type Mode = Session['mode'];

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
      title={t('Start {name}', { name })}
      action={t('Start')}
      onAction={() => {
        onClose();
        void operations.start(path, name, { mode, ...(profile !== '' && { profile }) });
      }}
      onClose={onClose}
    >
      <label class="field">
        <span>{t('Cache mode')}</span>
        <select value={mode} onChange={({ currentTarget }) => setMode(currentTarget.value as Mode)}>
          {Object.entries(MODE_TEXTS).map(([value, text]) => (
            <option key={value} value={value}>
              {text()}
            </option>
          ))}
        </select>
      </label>
      <TextField
        text={t('Profile (optional)')}
        placeholder={t('that of the manifest, if any')}
        value={profile}
        onInput={(text) => setProfile(text.trim())}
      />
    </Dialog>
  );
}
