import { useState } from 'preact/hooks';
import { useClient } from '../hooks.ts';
import { formatCount, formatRate } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import { engineHref } from '../lib/router.ts';
import { arrangeStreams, nameOfStream, type SortOrder, type StreamColumn } from '../lib/stream-rows.ts';
import type { Engine, Stream } from '../lib/wire.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { Icon } from './icon.tsx';
import { type Column, SortableHead } from './sortable-head.tsx';
import { Since } from './time.tsx';

/** With fewer streams, a filter would only take space. */
const FILTER_FROM = 6;

interface StreamTableProps {
  streams: readonly Stream[];
  /** Engines to look up names in. Without them, there is no engine column. */
  engines?: readonly Engine[];
}

/** Active streams, which can be sorted, filtered and stopped. */
export function StreamTable({ streams, engines }: StreamTableProps) {
  const [sorting, setSorting] = useState<SortOrder<StreamColumn>>({ column: 'age', descending: false });
  const [text, setText] = useState('');
  const [stopping, setStopping] = useState<Stream | null>(null);
  const { operations } = useClient();
  const names = new Map(engines?.map(({ container_id, container_name }) => [container_id, container_name]));
  const columns: Column<StreamColumn>[] = [
    { column: 'name', text: t('Stream') },
    ...(engines ? [{ column: 'engine', text: t('Engine') } as const] : []),
    { column: 'down', text: t('Download'), number: true },
    { column: 'up', text: t('Upload'), number: true },
    { column: 'peers', text: t('Peers'), number: true },
    { column: 'age', text: t('Duration'), number: true },
  ];
  return (
    <>
      {streams.length >= FILTER_FROM && (
        <search class="filters">
          <input
            type="search"
            aria-label={t('Filter streams')}
            placeholder={t('Name, key or engine')}
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </search>
      )}
      <div class="scroller">
        <table class="cards stream-table">
          <SortableHead columns={columns} sorting={sorting} onSort={setSorting} />
          <tbody>
            {arrangeStreams(streams, names, text, sorting).map((stream) => (
              <Row
                key={stream.id}
                stream={stream}
                engineName={engines && names.get(stream.container_id ?? '')}
                hasEngine={engines !== undefined}
                onStop={() => setStopping(stream)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {stopping && (
        <ConfirmDialog
          title={t('Stop this stream?')}
          action={t('Stop')}
          onConfirm={() => void operations.stopStream(stopping)}
          onClose={() => setStopping(null)}
        >
          <p>
            <strong>{nameOfStream(stopping)}</strong>
          </p>
          <p>
            {t('Everyone who watches it through the proxy is interrupted. The proxy may start it again.')}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

interface RowProps {
  stream: Stream;
  engineName: string | undefined;
  hasEngine: boolean;
  onStop: () => void;
}

function Row({ stream, engineName, hasEngine, onStop }: RowProps) {
  const { key, key_type, name, container_id, speed_down, speed_up, peers, started_at } = stream;
  const stop = t('Stop {name}', { name: nameOfStream(stream) });
  return (
    <tr>
      <td
        class={`clip title ${name === null ? 'mono' : ''}`}
        title={`${name ?? ''} ${key_type} ${key}`.trim()}
      >
        {name ?? key}
      </td>
      {hasEngine && (
        <td class="clip" data-label={t('Engine')}>
          {container_id !== null && engineName !== undefined ? (
            <a href={engineHref(container_id)}>{engineName}</a>
          ) : (
            t('Unknown')
          )}
        </td>
      )}
      <td class="number" data-label={t('Download')}>
        {formatRate(bytesPerS(speed_down))}
      </td>
      <td class="number" data-label={t('Upload')}>
        {formatRate(bytesPerS(speed_up))}
      </td>
      <td class="number" data-label={t('Peers')}>
        {formatCount(peers)}
      </td>
      <td class="number" data-label={t('Duration')}>
        <Since at={started_at} />
      </td>
      <td class="row-end">
        <button type="button" class="icon-button" title={stop} onClick={onStop}>
          <Icon name="stop" />
          <span class="hidden">{stop}</span>
        </button>
      </td>
    </tr>
  );
}

/** Engines report speeds in KB/s. */
function bytesPerS(speed: number | null): number | null {
  return speed === null ? null : speed * 1000;
}
