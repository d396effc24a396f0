import { useClient } from '../hooks.ts';
import { plural } from '../lib/format.ts';
import type { Engine } from '../lib/wire.ts';
import { Dialog } from './dialog.tsx';

/** Asks for confirmation before an engine is deleted. */
export function DeleteEngineDialog({ engine, onClose }: { engine: Engine; onClose: () => void }) {
  const { operations } = useClient();
  const { container_name, streams } = engine;
  return (
    <Dialog
      title="Delete this engine?"
      action="Delete"
      danger
      onAction={() => {
        onClose();
        void operations.deleteEngine(engine);
      }}
      onClose={onClose}
    >
      <p>
        <strong>{container_name}</strong> will be stopped and removed.
      </p>
      {streams.length > 0 && <p class="error">{plural(streams.length, 'stream')} will end.</p>}
    </Dialog>
  );
}
