import type { ComponentChildren } from 'preact';
import { Dialog } from './dialog.tsx';

interface ConfirmDialogProps {
  title: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  children: ComponentChildren;
}

/** Asks for confirmation of an action that interrupts or removes something. */
export function ConfirmDialog({ title, action, onConfirm, onClose, children }: ConfirmDialogProps) {
  return (
    <Dialog
      title={title}
      action={action}
      danger
      onAction={() => {
        onClose();
        onConfirm();
      }}
      onClose={onClose}
    >
      {children}
    </Dialog>
  );
}
