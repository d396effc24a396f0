import { useState } from 'preact/hooks';
import { Card, EmptyState, Loading } from '../components/card.tsx';
import { DeleteEngineDialog } from '../components/delete-engine-dialog.tsx';
import { EngineFilters } from '../components/engine-filters.tsx';
import { EngineTable } from '../components/engine-table.tsx';
import { Icon } from '../components/icon.tsx';
import { ProvisionDialog } from '../components/provision-dialog.tsx';
import { ScaleDialog } from '../components/scale-dialog.tsx';
import { useClient, usePolled } from '../hooks.ts';
import { type EngineFilter, filterRows, NO_FILTER, toRows, vpnsOf } from '../lib/engine-rows.ts';
import { plural } from '../lib/format.ts';
import type { Engine } from '../lib/wire.ts';

type Open = { dialog: 'provision' } | { dialog: 'scale' } | { dialog: 'delete'; engine: Engine } | null;

/** The list of engines, with provisioning and scaling. */
export function EnginesPage() {
  const { resources, throughput } = useClient();
  const engines = usePolled(resources.engines);
  const stats = usePolled(resources.statsAll);
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
          <Loading from={engines} />
        ) : rows.length === 0 ? (
          <EmptyState title="No engines running">
            <p>Provision an engine, or set MIN_REPLICAS to keep some running.</p>
            <button type="button" class="primary" onClick={() => setOpen({ dialog: 'provision' })}>
              Provision the first engine
            </button>
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title="No engine matches the filter">
            <button type="button" onClick={() => setFilter(NO_FILTER)}>
              Show all engines
            </button>
          </EmptyState>
        ) : (
          <EngineTable rows={shown} onDelete={(engine) => setOpen({ dialog: 'delete', engine })} />
        )}
      </Card>
      {open?.dialog === 'provision' && <ProvisionDialog onClose={close} />}
      {open?.dialog === 'scale' && <ScaleDialog onClose={close} />}
      {open?.dialog === 'delete' && <DeleteEngineDialog engine={open.engine} onClose={close} />}
    </>
  );
}
