import { TYPE_TEXTS } from '../../lib/apps/texts.ts';
import { t } from '../../lib/i18n.ts';
import type { AppDetails } from '../../lib/wire.ts';
import { Card } from '../card.tsx';
import { Property, PropertyList } from '../property-list.tsx';
import { Time } from '../time.tsx';

/** What an app is, with its manifest. */
export function AppIdentity({ app }: { app: AppDetails }) {
  const { workspace, app_id, type, version, description, installed_at, manifest } = app;
  return (
    <Card title={t('App')}>
      <PropertyList>
        <Property name={t('Type')}>{TYPE_TEXTS[type]()}</Property>
        <Property name={t('Version')}>{version ?? t('none')}</Property>
        <Property name={t('Installed')}>
          <Time at={installed_at} />
        </Property>
        <Property name={t('Workspace')}>{workspace}</Property>
        <Property name={t('Id')}>{app_id}</Property>
        {description && <Property name={t('Description')}>{description}</Property>}
      </PropertyList>
      <details class="manifest">
        <summary>{t('Manifest, with secrets replaced by ***')}</summary>
        <pre class="log">{JSON.stringify(manifest, null, 2)}</pre>
      </details>
    </Card>
  );
}
