import { useEffect, useState } from 'preact/hooks';
import { useClient } from '../hooks.ts';
import { errorMessage } from '../lib/errors.ts';
import { t } from '../lib/i18n.ts';
import type { Reply } from '../lib/wire.ts';
import { Badge } from './badge.tsx';
import { Card, EmptyState } from './card.tsx';

type Targets = Reply<'GET /notifications'>['targets'];
type Results = Reply<'POST /notifications/test'>['results'];

/** The targets of notifications, and a test of them. Their URLs are masked by the service. */
export function NotificationsCard() {
  const { api, apiKey } = useClient();
  const [targets, setTargets] = useState<Targets | null>(null);
  const [results, setResults] = useState<Results | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [testing, setTesting] = useState(false);
  const load = async () => {
    try {
      const reading = await api.read('GET /notifications', {}, null);
      if (!reading.notModified) setTargets(reading.value.targets);
      setError(null);
    } catch (cause) {
      setError(errorMessage(cause));
    }
  };
  const test = async () => {
    setTesting(true);
    setResults(null);
    try {
      const reply = await apiKey.withKey(() => api.write('POST /notifications/test', {}));
      setResults(reply?.results ?? null);
      await load();
    } catch (cause) {
      setError(errorMessage(cause));
    }
    setTesting(false);
  };
  useEffect(() => void load(), []);
  return (
    <Card
      title={t('Notifications')}
      aside={
        targets !== null &&
        targets.length > 0 && (
          <button type="button" disabled={testing} onClick={() => void test()}>
            {t('Send a test')}
          </button>
        )
      }
    >
      {error !== null && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {targets?.length === 0 && (
        <EmptyState title={t('No notifications are sent')}>
          <p>{t("Set NOTIFY_URLS to a webhook, a topic of ntfy, or Apprise's API.")}</p>
        </EmptyState>
      )}
      {targets !== null && targets.length > 0 && <TargetTable targets={targets} results={results} />}
    </Card>
  );
}

function TargetTable({ targets, results }: { targets: Targets; results: Results | null }) {
  return (
    <div class="scroller">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('Target')}</th>
            <th scope="col">{t('From level')}</th>
            <th scope="col">{t('Sent')}</th>
            <th scope="col">{t('Waiting')}</th>
            <th scope="col">{t('State')}</th>
          </tr>
        </thead>
        <tbody>
          {targets.map(({ url, level, sent, waiting, error }, index) => (
            <tr key={index}>
              <th scope="row" class="mono">
                {url}
              </th>
              <td>{level}</td>
              <td>{sent}</td>
              <td>{waiting}</td>
              <td>
                <TargetState error={error} result={results?.[index]} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TargetState({ error, result }: { error: string | null; result: Results[number] | undefined }) {
  if (result?.delivered) return <Badge tone="good">{t('Test delivered')}</Badge>;
  const problem = result?.error ?? error;
  return problem === null ? <Badge tone="good">OK</Badge> : <Badge tone="bad">{problem}</Badge>;
}
