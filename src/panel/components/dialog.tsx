import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface DialogProps {
  title: string;
  /** Pressed to go on; `danger` where that cannot be taken back. */
  action: string;
  danger?: boolean;
  disabled?: boolean;
  onAction: () => void;
  onClose: () => void;
  children: ComponentChildren;
}

/** A question that wants an answer. The browser keeps the focus inside, and gives it back afterwards. */
export function Dialog({ title, action, danger, disabled, onAction, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onAction();
        }}
      >
        <h2 id={titleId}>{title}</h2>
        <div class="dialog-body">{children}</div>
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={danger ? 'danger' : 'primary'} disabled={disabled}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
