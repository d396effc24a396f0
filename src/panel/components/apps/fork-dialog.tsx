import { useState } from 'preact/hooks';
import { TEXTS } from '../../lib/apps/texts.ts';
import { Dialog } from '../dialog.tsx';
import { TextField } from './text-field.tsx';
import { useAppOperations } from './use-operations.ts';

const T = TEXTS.profiles;

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
      title={T.forkTitle(version)}
      action={TEXTS.actions.fork}
      disabled={name === ''}
      onAction={() => {
        onClose();
        void operations.fork(path, name, version);
      }}
      onClose={onClose}
    >
      <TextField text={T.forkName} value={name} onInput={(text) => setName(text.trim())} />
    </Dialog>
  );
}
