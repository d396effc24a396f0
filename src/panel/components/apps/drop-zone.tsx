import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface DropZoneProps {
  /** Shown while a file is dragged over the page. */
  text: string;
  disabled: boolean;
  /** Receives the text of a dropped file. */
  onText: (text: string) => void;
  children: ComponentChildren;
}

/** Accepts a file that is dropped anywhere on its content. A dialog has an input for files too. */
export function DropZone({ text, disabled, onText, children }: DropZoneProps) {
  const [isOver, setIsOver] = useState(false);
  if (disabled) return <div class="drop-zone">{children}</div>;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a shortcut for the install dialog
    <div
      class="drop-zone"
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setIsOver(false);
      }}
      onDrop={(event) => {
        const file = event.dataTransfer?.files[0];
        setIsOver(false);
        if (!file) return;
        event.preventDefault();
        void file.text().then(onText);
      }}
    >
      {children}
      {isOver && <p class="drop-hint">{text}</p>}
    </div>
  );
}
