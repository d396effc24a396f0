import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../lib/i18n.ts';

interface DialogProps {
  title: string;
  /** Text of the submit button; `danger` if the action cannot be undone. */
  action: string;
  danger?: boolean;
  disabled?: boolean;
  /** For forms with long texts. */
  wide?: boolean;
  onAction: () => void;
  onClose: () => void;
  children: ComponentChildren;
}

/** A modal dialog. The focus stays inside, and returns to where it was when the dialog closes. */
export function Dialog({ title, action, danger, disabled, wide, onAction, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const previous = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (previous instanceof HTMLElement) previous.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} class={wide ? 'wide' : ''} aria-labelledby={titleId} onClose={onClose}>
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
            {t('Cancel')}
          </button>
          <button type="submit" class={danger ? 'danger' : 'primary'} disabled={disabled}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
