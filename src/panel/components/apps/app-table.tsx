import { hitRate } from '../../lib/apps/figures.ts';
import { TYPE_TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount, formatPercent } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import { appHref } from '../../lib/router.ts';
import type { App } from '../../lib/wire.ts';

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
            <th scope="col">{t('App')}</th>
            <th scope="col">{t('Type')}</th>
            <th scope="col">{t('Version')}</th>
            <th scope="col" class="number">
              {t('Sessions')}
            </th>
            <th scope="col" class="number">
              {t('Hit rate')}
            </th>
            <th scope="col" class="number">
              {t('Bytes saved')}
            </th>
            <th scope="col">
              <span class="hidden">{t('Actions')}</span>
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
              <td data-label={t('Type')}>{TYPE_TEXTS[app.type]()}</td>
              <td data-label={t('Version')}>{app.version ?? <span class="muted">–</span>}</td>
              <td class="number" data-label={t('Sessions')}>
                {formatCount(app.live_sessions)}
              </td>
              <td class="number" data-label={t('Hit rate')}>
                {formatPercent(hitRate(app))}
              </td>
              <td class="number" data-label={t('Bytes saved')}>
                {formatBytes(app.bytes_saved)}
              </td>
              <td class="row-actions">
                <button type="button" onClick={() => onStart(app)}>
                  {t('Start')}
                  <span class="hidden"> {app.name}</span>
                </button>
                <button type="button" class="danger" onClick={() => onUninstall(app)}>
                  {t('Uninstall')}
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
