import { formatBytes, formatCount } from '../../lib/format.ts';
import { t } from '../../lib/i18n.ts';
import type { ProfileVersion } from '../../lib/wire.ts';
import { Time } from '../time.tsx';

interface VersionTableProps {
  /** The newest first. */
  versions: readonly ProfileVersion[];
  onFork: (version: number) => void;
  onRollBack: (version: number) => void;
}

/** The versions of a profile. On a narrow screen, each is shown as a card. */
export function VersionTable({ versions, onFork, onRollBack }: VersionTableProps) {
  return (
    <div class="scroller">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">{t('Version')}</th>
            <th scope="col">{t('Saved')}</th>
            <th scope="col">{t('Reason')}</th>
            <th scope="col" class="number">
              {t('Size')}
            </th>
            <th scope="col" class="number">
              {t('Files')}
            </th>
            <th scope="col">
              <span class="hidden">{t('Actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map(({ version, created_at, reason, bytes, file_count }, index) => (
            <tr key={version}>
              <th scope="row">
                {version}
                {index === 0 && <span class="tag">{t('newest')}</span>}
              </th>
              <td data-label={t('Saved')}>
                <Time at={created_at} />
              </td>
              <td data-label={t('Reason')}>{reason}</td>
              <td class="number" data-label={t('Size')}>
                {formatBytes(bytes)}
              </td>
              <td class="number" data-label={t('Files')}>
                {formatCount(file_count)}
              </td>
              <td class="row-actions">
                <button type="button" onClick={() => onFork(version)}>
                  {t('Fork')}
                  <span class="hidden"> {version}</span>
                </button>
                {index > 0 && (
                  <button type="button" onClick={() => onRollBack(version)}>
                    {t('Roll back')}
                    <span class="hidden"> {version}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
