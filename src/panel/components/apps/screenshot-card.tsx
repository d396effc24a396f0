import { useEffect, useRef, useState } from 'preact/hooks';
import { useClient, useStore } from '../../hooks.ts';
import { t } from '../../lib/i18n.ts';
import type { Poller } from '../../lib/poller.ts';
import type { Session } from '../../lib/wire.ts';
import { Card, EmptyState } from '../card.tsx';
import { hasCode } from './load-state.tsx';
import { isLive } from './session-table.tsx';

const DAY_S = 86_400;

/**
 * What the page of a session shows. Polled only while it is in view, because each read makes Chromium render the page.
 * It is drawn on a canvas: the content security policy allows images from the service only, which cannot be requested
 * with a key.
 */
export function ScreenshotCard({ session }: { session: Session }) {
  const { api, resources } = useClient();
  const live = isLive(session);
  // That of a session that has ended does not change any more.
  const poller = resources.keyed(
    `screenshot ${session.id} ${live}`,
    'browser:screenshot',
    (etag) => api.readBlob(`browser/sessions/${encodeURIComponent(session.id)}/screenshot?type=jpeg`, etag),
    () => (live ? 0 : DAY_S),
  );
  const { value: image, error } = useStore(poller.state);
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useWatchInView(frame, poller);
  useEffect(() => {
    let isCurrent = true;
    if (image) void draw(canvas.current, image, () => isCurrent);
    return () => {
      isCurrent = false;
    };
  }, [image]);
  return (
    <Card title={t('Screenshot')}>
      <div ref={frame} class="screenshot">
        <canvas
          ref={canvas}
          role="img"
          aria-label={t('What {name} shows', { name: session.name })}
          width={0}
          height={0}
          hidden={image === null}
        />
        {image === null && (
          <EmptyState
            title={error && !hasCode(error, 'session_not_running') ? error.message : t('No screenshot yet')}
          />
        )}
      </div>
      {!live && image !== null && <p class="hint">{t('The last screenshot before the session ended.')}</p>}
    </Card>
  );
}

/** Watches a resource while an element is in view. */
function useWatchInView(element: { current: Element | null }, poller: Poller<unknown>): void {
  const [inView, setInView] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => setInView(entries.at(-1)!.isIntersecting));
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => (inView ? poller.watch() : undefined), [inView, poller]);
}

async function draw(canvas: HTMLCanvasElement | null, image: Blob, isCurrent: () => boolean): Promise<void> {
  const bitmap = await createImageBitmap(image).catch(() => null);
  if (bitmap && canvas && isCurrent()) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  }
  bitmap?.close();
}
