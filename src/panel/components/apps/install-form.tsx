import { APP_TYPES, type AppForm, type AppType } from '../../lib/apps/manifest-form.ts';
import { TEXTS } from '../../lib/apps/texts.ts';
import { TextArea, TextField } from './text-field.tsx';

const T = TEXTS.install;

interface InstallFormProps {
  form: AppForm;
  onChange: (form: AppForm) => void;
}

/** The fields that most manifests need. */
export function InstallForm({ form, onChange }: InstallFormProps) {
  const { type } = form;
  const isPython = type === 'web-python';
  const field = (name: Exclude<keyof AppForm, 'type'>) => ({
    value: form[name],
    onInput: (value: string) => onChange({ ...form, [name]: value }),
  });
  return (
    <>
      <div class="fields">
        <label class="field">
          <span>{T.type}</span>
          <select
            value={type}
            onChange={({ currentTarget }) => onChange({ ...form, type: currentTarget.value as AppType })}
          >
            {APP_TYPES.map((each) => (
              <option key={each} value={each}>
                {TEXTS.types[each]}
              </option>
            ))}
          </select>
        </label>
        <TextField text={T.name} {...field('name')} />
        <TextField text={T.version} {...field('version')} />
      </div>
      {type === 'web-app' ? (
        <TextField text={T.url} {...field('url')} />
      ) : (
        <TextArea text={sourceText(type)} rows={7} {...field('source')} />
      )}
      {isPython && <TextArea text={T.requirements} rows={2} {...field('requirements')} />}
      <TextArea text={isPython ? T.cacheRoutesPython : T.cacheRoutes} rows={2} {...field('cacheRoutes')} />
    </>
  );
}

function sourceText(type: AppType): string {
  return type === 'web-python' || type === 'web-worker' ? T.source[type] : T.source.page;
}
