import { APP_TYPES, type AppForm, type AppType } from '../../lib/apps/manifest-form.ts';
import { TYPE_TEXTS } from '../../lib/apps/texts.ts';
import { t } from '../../lib/i18n.ts';
import { TextArea, TextField } from './text-field.tsx';

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
          <span>{t('Type')}</span>
          <select
            value={type}
            onChange={({ currentTarget }) => onChange({ ...form, type: currentTarget.value as AppType })}
          >
            {APP_TYPES.map((each) => (
              <option key={each} value={each}>
                {TYPE_TEXTS[each]()}
              </option>
            ))}
          </select>
        </label>
        <TextField text={t('Name')} {...field('name')} />
        <TextField text={t('Version (optional)')} {...field('version')} />
      </div>
      {type === 'web-app' ? (
        <TextField text={t('URL')} {...field('url')} />
      ) : (
        <TextArea text={sourceText(type)} rows={7} {...field('source')} />
      )}
      {isPython && (
        <TextArea text={t('Python packages, one per line (optional)')} rows={2} {...field('requirements')} />
      )}
      <TextArea
        text={
          isPython
            ? t('Further URL patterns to cache, one per line (Pyodide itself is cached)')
            : t('URL patterns to cache, one per line (optional)')
        }
        rows={2}
        {...field('cacheRoutes')}
      />
    </>
  );
}

function sourceText(type: AppType): string {
  if (type === 'web-python') return t('Python code');
  return type === 'web-worker' ? t('JavaScript module') : 'HTML';
}
