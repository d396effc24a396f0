import { useState } from 'preact/hooks';
import { t } from '../../lib/i18n.ts';
import { Dialog } from '../dialog.tsx';
import { TextField } from './text-field.tsx';
import { useAppOperations } from './use-operations.ts';

interface ForkDialogProps {
  path: { user: string; session: string };
  version: number;
  onClose: () => void;
}

/** Asks for the name of a copy of a profile. */
export function ForkDialog({ path, version, onClose }: ForkDialogProps) {
  const operations = useAppOperations();
  const [name, setName] = useState('');
  return (
    <Dialog
      title={t('Fork version {version}', { version })}
      action={t('Fork')}
      disabled={name === ''}
      onAction={() => {
        onClose();
        void operations.fork(path, name, version);
      }}
      onClose={onClose}
    >
      <TextField text={t('Name of the new profile')} value={name} onInput={(text) => setName(text.trim())} />
    </Dialog>
  );
}
