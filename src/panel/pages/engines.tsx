import { useState } from 'preact/hooks';
import { Card, EmptyState, Loading } from '../components/card.tsx';
import { EngineActionDialog } from '../components/engine-action-dialog.tsx';
import { EngineFilters } from '../components/engine-filters.tsx';
import { EngineTable } from '../components/engine-table.tsx';
import { Icon } from '../components/icon.tsx';
import { ProvisionDialog } from '../components/provision-dialog.tsx';
import { ScaleDialog } from '../components/scale-dialog.tsx';
import { useClient, useNodes, useParameters, usePolled } from '../hooks.ts';
import { setParameters } from '../lib/address.ts';
import {
  filterOf,
  filterParameters,
  filterRows,
  NO_FILTER,
  nodeChoices,
  sortingOf,
  sortParameter,
  toRows,
  vpnsOf,
} from '../lib/engine-rows.ts';
import { plural } from '../lib/format.ts';
import { t } from '../lib/i18n.ts';
import type { Engine } from '../lib/wire.ts';

type Open =
  | { dialog: 'provision' }
  | { dialog: 'scale' }
  | { dialog: 'restart' | 'delete'; engines: readonly Engine[] }
  | null;

/** The list of engines, with provisioning and scaling. Its order and filter are kept in the URL. */
export function EnginesPage() {
  const { resources, throughput } = useClient();
  const engines = usePolled(resources.engines);
  const stats = usePolled(resources.statsAll);
  const nodes = useNodes();
  const parameters = useParameters();
  const filter = filterOf(parameters);
  const [open, setOpen] = useState<Open>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const rows = toRows(engines.value ?? [], stats.value ?? {}, throughput);
  const shown = filterRows(rows, filter);
  // What is not shown must not be restarted or deleted.
  const chosen = shown.filter(({ engine }) => selected.has(engine.container_id)).map(({ engine }) => engine);
  const close = () => setOpen(null);
  const provision = () => setOpen({ dialog: 'provision' });
  return (
    <>
      <div class="section-head page-head">
        <h1>{t('Engines')}</h1>
        <div class="actions">
          <button type="button" onClick={() => setOpen({ dialog: 'scale' })}>
            <Icon name="scale" />
            {t('Scale')}
          </button>
          <button type="button" class="primary" onClick={provision}>
            <Icon name="plus" />
            {t('Provision')}
          </button>
        </div>
      </div>
      <Card
        title={
          shown.length === rows.length
            ? plural(rows.length, 'engine')
            : t('{n} of {engines}', { n: shown.length, engines: plural(rows.length, 'engine') })
        }
        from={engines}
        class="engine-list"
        aside={
          <EngineFilters
            filter={filter}
            vpns={vpnsOf(engines.value ?? [])}
            nodes={nodeChoices(nodes.value ?? [])}
            onFilter={(changed) => setParameters(filterParameters(changed))}
          />
        }
      >
        {chosen.length > 0 && (
          <div class="bulk" role="toolbar" aria-label={t('Selected engines')}>
            <span>{t('{n} selected', { n: chosen.length })}</span>
            <button type="button" onClick={() => setOpen({ dialog: 'restart', engines: chosen })}>
              <Icon name="restart" />
              {t('Restart')}
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => setOpen({ dialog: 'delete', engines: chosen })}
            >
              <Icon name="trash" />
              {t('Delete')}
            </button>
            <button type="button" onClick={() => setSelected(new Set())}>
              {t('Clear selection')}
            </button>
          </div>
        )}
        {engines.value === null ? (
          <Loading from={engines} />
        ) : rows.length === 0 ? (
          <EmptyState title={t('No engines running')}>
            <p>{t('Provision an engine, or set MIN_REPLICAS to keep some running.')}</p>
            <button type="button" class="primary" onClick={provision}>
              {t('Provision the first engine')}
            </button>
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title={t('No engine matches the filter')}>
            <button type="button" onClick={() => setParameters(filterParameters(NO_FILTER))}>
              {t('Show all engines')}
            </button>
          </EmptyState>
        ) : (
          <EngineTable
            rows={shown}
            hasNodes={(nodes.value ?? []).length > 0}
            sorting={sortingOf(parameters)}
            selected={selected}
            onSort={(sorting) => setParameters({ sort: sortParameter(sorting) })}
            onSelect={setSelected}
            onRestart={(engine) => setOpen({ dialog: 'restart', engines: [engine] })}
            onDelete={(engine) => setOpen({ dialog: 'delete', engines: [engine] })}
          />
        )}
      </Card>
      {open?.dialog === 'provision' && <ProvisionDialog onClose={close} />}
      {open?.dialog === 'scale' && <ScaleDialog onClose={close} />}
      {(open?.dialog === 'restart' || open?.dialog === 'delete') && (
        <EngineActionDialog action={open.dialog} engines={open.engines} onClose={close} />
      )}
    </>
  );
}
