import { useClient, useNow, usePolled, useStore } from '../hooks.ts';
import { formatDuration } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';

/** Shown above every page if the service is not responding or runs without Docker. */
export function Banner() {
  const { unreachableSince, keyRequired } = useClient();
  const since = useStore(unreachableSince);
  const locked = useStore(keyRequired);
  if (since !== null) return <Unreachable since={since} />;
  return locked ? null : <Fallback />;
}

/** Without Docker, engines may be emulated: a user must not wonder why nothing is played. */
function Fallback() {
  const { resources } = useClient();
  const health = usePolled(resources.health);
  const message = health.value?.runtime.fallback?.message;
  if (message === undefined) return null;
  return (
    <div class="banner tone-warn" role="status">
      <p>
        <strong>{t('Engines do not run in Docker.')}</strong> {message}
      </p>
    </div>
  );
}

function Unreachable({ since }: { since: number }) {
  const { clock } = useClient();
  useNow();
  return (
    <div class="banner tone-bad">
      <p>
        {/* The alert excludes the time, which changes every second. */}
        <strong role="alert">{t('The service is not responding.')}</strong>{' '}
        {t('Showing data from {age} ago. The panel reconnects automatically.', {
          age: formatDuration((clock.now() - since) / 1000),
        })}
      </p>
    </div>
  );
}
