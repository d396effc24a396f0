import type { Registry } from '@prometheus-io/client';
import type { AppFigures, BrowserFigures, BrowserTraffic, SessionFigures } from '../browser/figures.ts';
import { gaugeOf, type Sample } from './instruments.ts';

const APP = ['workspace', 'app'];
const SESSION = [...APP, 'session'];

/** Declares `roundhouse_browser_app_*`: at most 101 apps, of which the last is the sum of all others. */
export function appMetrics(registry: Registry): (figures: BrowserFigures) => void {
  const declare = (name: string, help: string, more: string[] = []) =>
    gaugeOf(registry, `roundhouse_browser_app_${name}`, help, [...APP, ...more]);
  const setRequests = declare('requests', 'Requests of an app since the start, by result.', ['result']);
  const setBytes = declare('transfer_bytes', 'Bytes of bodies of an app since the start.', ['direction']);
  const setEntries = declare('cache_entries', 'Stored responses of an app when they were last counted.');
  const setSize = declare('cache_bytes', 'Stored bodies of an app when they were last counted.');
  const setLive = declare('live_sessions', 'Sessions of an app that have not ended.');
  const setStarts = declare('starts', 'Starts of an app; warm if its rules caused no request.', ['cache']);
  const setSeconds = declare('start_seconds', 'Sum of the durations of the starts of an app.', ['cache']);
  return ({ byApp }) => {
    setRequests(byApp.flatMap((app) => by('result', labelsOf(app), requestsOf(app.traffic))));
    setBytes(byApp.flatMap((app) => by('direction', labelsOf(app), bytesOf(app.traffic))));
    const counted = byApp.filter(({ usage }) => usage !== null);
    setEntries(counted.map((app) => [labelsOf(app), app.usage!.entries]));
    setSize(counted.map((app) => [labelsOf(app), app.usage!.bodyBytes]));
    setLive(byApp.map((app) => [labelsOf(app), app.liveSessions]));
    setStarts(
      byApp.flatMap((app) =>
        by(
          'cache',
          labelsOf(app),
          startsOf(app, ({ count }) => count),
        ),
      ),
    );
    const seconds = ({ totalMs }: { totalMs: number }) => totalMs / 1000;
    setSeconds(byApp.flatMap((app) => by('cache', labelsOf(app), startsOf(app, seconds))));
  };
}

/** Declares `roundhouse_browser_session_*`: at most 100 sessions, which have not ended. */
export function appSessionMetrics(registry: Registry): (figures: BrowserFigures) => void {
  const declare = (name: string, help: string, more: string[] = []) =>
    gaugeOf(registry, `roundhouse_browser_session_${name}`, help, [...SESSION, ...more]);
  const setRequests = declare('requests', 'Requests of a session, by result.', ['result']);
  const setBytes = declare('transfer_bytes', 'Bytes of bodies of a session.', ['direction']);
  const setMemory = declare('memory_bytes', 'Memory of the Chromium of a session with a memory limit.');
  return ({ bySession }) => {
    const labels = (session: SessionFigures) => ({ ...labelsOf(session), session: session.id });
    setRequests(bySession.flatMap((each) => by('result', labels(each), requestsOf(each.traffic))));
    setBytes(bySession.flatMap((each) => by('direction', labels(each), bytesOf(each.traffic))));
    const limited = bySession.filter(({ memoryBytes }) => memoryBytes !== null);
    setMemory(limited.map((session) => [labels(session), session.memoryBytes!]));
  };
}

/** Requests by result. */
export function requestsOf({ hits, misses, bypasses }: BrowserTraffic) {
  return { hit: hits, miss: misses, bypass: bypasses };
}

/** Bytes by direction. */
export function bytesOf({ bytesToBrowser, bytesFromUpstream, bytesSaved }: BrowserTraffic) {
  return { to_browser: bytesToBrowser, from_upstream: bytesFromUpstream, saved: bytesSaved };
}

function startsOf(
  { starts: { cold, warm } }: AppFigures,
  read: (starts: AppFigures['starts']['cold']) => number,
) {
  return { cold: read(cold), warm: read(warm) };
}

function labelsOf({ workspace, appId }: { workspace: string; appId: string }) {
  return { workspace, app: appId };
}

function by(label: string, labels: Record<string, string>, values: Record<string, number>): Sample[] {
  return Object.entries(values).map(([value, count]) => [{ ...labels, [label]: value }, count]);
}
