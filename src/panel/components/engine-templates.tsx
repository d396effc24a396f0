import { useState } from 'preact/hooks';
import { useClient, usePolled } from '../hooks.ts';
import { t } from '../lib/i18n.ts';
import type { EngineSettings, EngineTemplate } from '../lib/wire.ts';
import { Loading } from './card.tsx';

/** Ten slots in which settings are kept under a name. */
export function EngineTemplates({
  settings,
  onActivated,
}: {
  settings: EngineSettings;
  onActivated: () => Promise<void>;
}) {
  const { resources } = useClient();
  const polled = usePolled(resources.templates);
  if (polled.value === null) return <Loading from={polled} />;
  const { templates, active_template_id: active } = polled.value;
  return (
    <div class="scroller">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('Name')}</th>
            <th scope="col">{t('Actions')}</th>
          </tr>
        </thead>
        <tbody>
          {templates.map((template) => (
            <Row
              key={template.slot_id}
              template={template}
              isActive={template.slot_id === active}
              settings={settings}
              onActivated={onActivated}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  template: EngineTemplate;
  isActive: boolean;
  settings: EngineSettings;
  onActivated: () => Promise<void>;
}

function Row({ template, isActive, settings, onActivated }: RowProps) {
  const { operations } = useClient();
  const { slot_id: slot, exists } = template;
  const [name, setName] = useState(template.name);
  return (
    <tr>
      <th scope="row">
        <input
          aria-label={t('Name of template {slot}', { slot })}
          maxLength={100}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
        {isActive && <span class="tag">{t('active')}</span>}
      </th>
      <td>
        <div class="actions">
          <button
            type="button"
            disabled={name === ''}
            onClick={() => void operations.saveTemplate(slot, name, settings)}
          >
            {t('Save here')}
          </button>
          {exists && (
            <button
              type="button"
              onClick={() => void operations.activateTemplate(slot, name).then(onActivated)}
            >
              {t('Activate')}
            </button>
          )}
          {exists && !isActive && (
            <button type="button" class="danger" onClick={() => void operations.deleteTemplate(slot, name)}>
              {t('Delete')}
            </button>
          )}
        </div>
      </td>
    </tr>
  );
}
