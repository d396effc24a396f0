import { TEXTS } from '../../lib/apps/texts.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import type { ProfileVersion } from '../../lib/wire.ts';
import { Time } from '../time.tsx';

const T = TEXTS.profiles;
const C = T.columns;

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
            <th scope="col">{C.version}</th>
            <th scope="col">{C.saved}</th>
            <th scope="col">{C.reason}</th>
            <th scope="col" class="number">
              {C.size}
            </th>
            <th scope="col" class="number">
              {C.files}
            </th>
            <th scope="col">
              <span class="hidden">{C.actions}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map(({ version, created_at, reason, bytes, file_count }, index) => (
            <tr key={version}>
              <th scope="row">
                {version}
                {index === 0 && <span class="tag">{T.newest}</span>}
              </th>
              <td data-label={C.saved}>
                <Time at={created_at} />
              </td>
              <td data-label={C.reason}>{reason}</td>
              <td class="number" data-label={C.size}>
                {formatBytes(bytes)}
              </td>
              <td class="number" data-label={C.files}>
                {formatCount(file_count)}
              </td>
              <td class="row-actions">
                <button type="button" onClick={() => onFork(version)}>
                  {TEXTS.actions.fork}
                  <span class="hidden"> {version}</span>
                </button>
                {index > 0 && (
                  <button type="button" onClick={() => onRollBack(version)}>
                    {TEXTS.actions.rollBack}
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
