import { t } from '../lib/i18n.ts';
import type { EngineParameter, EngineSettings } from '../lib/wire.ts';

/** The parameters of an engine's command line: which are passed, and with which values. */
export function EngineParameters({
  settings,
  onChange,
}: {
  settings: EngineSettings;
  onChange: (settings: EngineSettings) => void;
}) {
  const change = (changed: EngineParameter) => {
    const parameters = settings.parameters.map((each) => (each.name === changed.name ? changed : each));
    onChange({ ...settings, parameters });
  };
  return (
    <div class="scroller">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('Parameter')}</th>
            <th scope="col">{t('Value')}</th>
          </tr>
        </thead>
        <tbody>
          {settings.parameters.map((parameter) => (
            <Row key={parameter.name} parameter={parameter} onChange={change} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  parameter,
  onChange,
}: {
  parameter: EngineParameter;
  onChange: (parameter: EngineParameter) => void;
}) {
  const { name, type, value, enabled } = parameter;
  const isNumber = type === 'int' || type === 'bytes';
  const setValue = (text: string) => {
    onChange({ ...parameter, value: isNumber && text !== '' ? Number(text) : text, enabled: text !== '' });
  };
  return (
    <tr>
      <th scope="row">
        <label class="check">
          <input
            type="checkbox"
            checked={enabled}
            onChange={({ currentTarget }) => onChange({ ...parameter, enabled: currentTarget.checked })}
          />
          <span>{name}</span>
        </label>
      </th>
      <td>
        {type !== 'flag' && (
          <input
            inputMode={isNumber ? 'numeric' : 'text'}
            aria-label={t('Value of {name}', { name })}
            value={String(value)}
            onInput={({ currentTarget }) => setValue(currentTarget.value)}
          />
        )}
        {type === 'bytes' && <span class="muted"> {t('bytes')}</span>}
      </td>
    </tr>
  );
}
