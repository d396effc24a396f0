import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../lib/i18n.ts';

const AT_END_PX = 40;

interface LogBoxProps {
  /** The end of the box is shown again when it changes. */
  content: string;
  /** Further classes. */
  class: string;
  following: boolean;
  children: ComponentChildren;
}

/** The text of a log. Its end stays in view, unless the user has scrolled up. */
export function LogBox({ content, class: className, following, children }: LogBoxProps) {
  const element = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const box = element.current;
    if (box && content !== '' && atEnd.current) box.scrollTop = box.scrollHeight;
  }, [content]);
  return (
    <div
      ref={element}
      class={`log ${className}`}
      role="log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
      tabIndex={0}
      aria-label={t('Log')}
      aria-busy={following}
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
      }}
    >
      {children}
    </div>
  );
}
