import { useService } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import type { Engine } from '../lib/wire.ts';
import { Dialog } from './dialog.tsx';

export function ConfirmDelete({ engine, onClose }: { engine: Engine; onClose: () => void }) {
  const { operations } = useService();
  const { container_name, streams } = engine;
  return (
    <Dialog
      title="Delete this engine?"
      action="Delete"
      danger
      onAction={() => {
        onClose();
        void operations.remove(engine);
      }}
      onClose={onClose}
    >
      <p>
        <strong>{container_name}</strong> is stopped and removed.
      </p>
      {streams.length > 0 && <p class="fault">{plural(streams.length, 'stream')} on it will end.</p>}
    </Dialog>
  );
}
