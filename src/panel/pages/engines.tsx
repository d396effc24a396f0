import { useState } from 'preact/hooks';
import { Card, Empty, Pending } from '../components/card.tsx';
import { ConfirmDelete } from '../components/confirm-delete.tsx';
import { EngineFilters } from '../components/engine-filters.tsx';
import { EngineTable } from '../components/engine-table.tsx';
import { Icon } from '../components/icon.tsx';
import { ProvisionDialog } from '../components/provision-dialog.tsx';
import { ScaleDialog } from '../components/scale-dialog.tsx';
import { useFeed, useService } from '../hooks.ts';
import { type EngineFilter, filterRows, NO_FILTER, toRows, vpnsOf } from '../lib/engine-rows.ts';
import { plural } from '../lib/format.ts';
import type { Engine } from '../lib/wire.ts';

type Open = { dialog: 'provision' } | { dialog: 'scale' } | { dialog: 'delete'; engine: Engine } | null;

export function EnginesPage() {
  const { feeds, throughput } = useService();
  const engines = useFeed(feeds.engines);
  const stats = useFeed(feeds.statsAll);
  const [filter, setFilter] = useState<EngineFilter>(NO_FILTER);
  const [open, setOpen] = useState<Open>(null);
  const rows = toRows(engines.value ?? [], stats.value ?? {}, throughput);
  const shown = filterRows(rows, filter);
  const close = () => setOpen(null);
  return (
    <>
      <div class="section-head page-head">
        <h1>Engines</h1>
        <div class="actions">
          <button type="button" onClick={() => setOpen({ dialog: 'scale' })}>
            <Icon name="scale" />
            Scale
          </button>
          <button type="button" class="primary" onClick={() => setOpen({ dialog: 'provision' })}>
            <Icon name="plus" />
            Provision
          </button>
        </div>
      </div>
      <Card
        title={
          shown.length === rows.length
            ? plural(rows.length, 'engine')
            : `${shown.length} of ${rows.length} engines`
        }
        from={engines}
        aside={<EngineFilters filter={filter} vpns={vpnsOf(engines.value ?? [])} onFilter={setFilter} />}
      >
        {engines.value === null ? (
          <Pending from={engines} />
        ) : rows.length === 0 ? (
          <Empty title="No engine is running">
            <p>Provision one, or set MIN_REPLICAS so that some always run.</p>
            <button type="button" class="primary" onClick={() => setOpen({ dialog: 'provision' })}>
              Provision the first engine
            </button>
          </Empty>
        ) : shown.length === 0 ? (
          <Empty title="No engine fits the filter">
            <button type="button" onClick={() => setFilter(NO_FILTER)}>
              Show all engines
            </button>
          </Empty>
        ) : (
          <EngineTable rows={shown} onDelete={(engine) => setOpen({ dialog: 'delete', engine })} />
        )}
      </Card>
      {open?.dialog === 'provision' && <ProvisionDialog onClose={close} />}
      {open?.dialog === 'scale' && <ScaleDialog onClose={close} />}
      {open?.dialog === 'delete' && <ConfirmDelete engine={open.engine} onClose={close} />}
    </>
  );
}
