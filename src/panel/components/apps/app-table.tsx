import { hitRate } from '../../lib/apps/figures.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, formatPercent } from '../../lib/format.ts';
import { appHref } from '../../lib/router.ts';
import type { App } from '../../lib/wire.ts';

const T = TEXTS.apps.columns;

interface AppTableProps {
  apps: readonly App[];
  onStart: (app: App) => void;
  onUninstall: (app: App) => void;
}

/** The installed apps. On a narrow screen, each is shown as a card. */
export function AppTable({ apps, onStart, onUninstall }: AppTableProps) {
  return (
    <div class="scroller">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">{T.app}</th>
            <th scope="col">{T.type}</th>
            <th scope="col">{T.version}</th>
            <th scope="col" class="number">
              {T.sessions}
            </th>
            <th scope="col" class="number">
              {T.hitRate}
            </th>
            <th scope="col" class="number">
              {T.saved}
            </th>
            <th scope="col">
              <span class="hidden">{TEXTS.profiles.columns.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {apps.map((app) => (
            <tr key={appHref(app)}>
              <th scope="row">
                <a href={appHref(app)} title={`${app.workspace}/${app.app_id}`}>
                  {app.name}
                </a>
                <span class="muted in-workspace">{app.workspace}</span>
              </th>
              <td data-label={T.type}>{TEXTS.types[app.type]}</td>
              <td data-label={T.version}>{app.version ?? <span class="muted">–</span>}</td>
              <td class="number" data-label={T.sessions}>
                {formatCount(app.live_sessions)}
              </td>
              <td class="number" data-label={T.hitRate}>
                {formatPercent(hitRate(app))}
              </td>
              <td class="number" data-label={T.saved}>
                {formatBytes(app.bytes_saved)}
              </td>
              <td class="row-actions">
                <button type="button" onClick={() => onStart(app)}>
                  {TEXTS.actions.start}
                  <span class="hidden"> {app.name}</span>
                </button>
                <button type="button" class="danger" onClick={() => onUninstall(app)}>
                  {TEXTS.actions.uninstall}
                  <span class="hidden"> {app.name}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
