import { useState } from 'preact/hooks';
import { useClient } from '../../hooks.ts';
import {
  type AppForm,
  EMPTY_FORM,
  faultsOf,
  type InstallRequest,
  parseManifestFile,
  toManifest,
} from '../../lib/apps/manifest-form.ts';
import { errorMessage } from '../../lib/errors.ts';
import { t } from '../../lib/i18n.ts';
import { Dialog } from '../dialog.tsx';
import { InstallForm } from './install-form.tsx';
import { TextArea, TextField } from './text-field.tsx';

/** Manifests can contain files. */
const TIMEOUT_MS = 60_000;

interface InstallDialogProps {
  /** Content of a dropped manifest file; null for an empty form. */
  file: string | null;
  onInstalled: (app: { workspace: string; app_id: string }) => void;
  onClose: () => void;
}

/** Installs an app, described by a form or by a manifest. All faults are listed beside it. */
export function InstallDialog({ file, onInstalled, onClose }: InstallDialogProps) {
  const { api, apiKey, resources } = useClient();
  const [isJson, setIsJson] = useState(file !== null);
  const [json, setJson] = useState(file ?? '');
  const [form, setForm] = useState<AppForm>(EMPTY_FORM);
  const [workspace, setWorkspace] = useState(() => workspaceOf(file) ?? 'default');
  const [appId, setAppId] = useState('');
  const [overwrite, setOverwrite] = useState(false);
  const [faults, setFaults] = useState<string[]>([]);
  const [isSending, setIsSending] = useState(false);

  const loadFile = async (chosen: File | undefined) => {
    if (!chosen) return;
    const text = await chosen.text();
    setIsJson(true);
    setJson(text);
    setWorkspace(workspaceOf(text) ?? workspace);
    setFaults([]);
  };

  const install = async () => {
    const described = isJson ? parseManifestFile(json) : { request: { manifest: toManifest(form) } };
    if ('error' in described) {
      setFaults([described.error]);
      return;
    }
    const body: InstallRequest = {
      ...described.request,
      workspace: workspace.trim(),
      ...(appId.trim() !== '' && { app_id: appId.trim() }),
      ...(overwrite && { overwrite }),
    };
    setIsSending(true);
    try {
      const app = await apiKey.withKey(() => api.write('POST /apps', { body }, TIMEOUT_MS));
      resources.onNotice({ type: 'local', keys: ['apps:*'] });
      if (app) onInstalled(app);
    } catch (error) {
      setFaults(faultsOf(errorMessage(error)));
    }
    setIsSending(false);
  };

  return (
    <Dialog
      title={t('Install an app')}
      action={t('Install')}
      wide
      disabled={isSending}
      onAction={() => void install()}
      onClose={onClose}
    >
      {faults.length > 0 && (
        <div class="faults" role="alert">
          <p class="error">{t('The app was not installed')}</p>
          <ul>
            {faults.map((fault) => (
              <li key={fault}>{fault}</li>
            ))}
          </ul>
        </div>
      )}
      <div class="fields">
        <TextField text={t('Workspace')} value={workspace} onInput={setWorkspace} />
        <TextField
          text={t('Id (optional)')}
          placeholder={t('derived from the name')}
          value={appId}
          onInput={setAppId}
        />
      </div>
      <fieldset class="segments">
        <legend class="hidden">{t('How to describe the app')}</legend>
        {[false, true].map((value) => (
          <label key={String(value)}>
            <input type="radio" name="how" checked={isJson === value} onChange={() => setIsJson(value)} />
            <span>{value ? t('Manifest (JSON)') : t('Form')}</span>
          </label>
        ))}
      </fieldset>
      {isJson ? (
        <>
          <label class="field">
            <span>{t('Manifest file')}</span>
            <input
              type="file"
              accept=".json,application/json"
              onChange={({ currentTarget }) => void loadFile(currentTarget.files?.[0])}
            />
          </label>
          <TextArea
            text={t('Manifest (JSON)')}
            rows={12}
            placeholder={'{ "type": "web-python", "name": "Calculator", "source": "print(1 + 1)" }'}
            value={json}
            onInput={setJson}
          />
        </>
      ) : (
        <InstallForm form={form} onChange={setForm} />
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={overwrite}
          onChange={({ currentTarget }) => setOverwrite(currentTarget.checked)}
        />
        <span>{t('Replace the app if it is installed')}</span>
      </label>
    </Dialog>
  );
}

function workspaceOf(file: string | null): string | undefined {
  const parsed = file === null ? null : parseManifestFile(file);
  const workspace: unknown = parsed && 'request' in parsed ? parsed.request.workspace : undefined;
  return typeof workspace === 'string' ? workspace : undefined;
}
