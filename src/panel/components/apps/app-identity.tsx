import { TEXTS } from '../../lib/apps/texts.ts';
import type { AppDetails } from '../../lib/wire.ts';
import { Card } from '../card.tsx';
import { Property, PropertyList } from '../property-list.tsx';
import { Time } from '../time.tsx';

const T = TEXTS.versions;

/** What an app is, with its manifest. */
export function AppIdentity({ app }: { app: AppDetails }) {
  const { workspace, app_id, type, version, description, installed_at, manifest } = app;
  return (
    <Card title={T.title}>
      <PropertyList>
        <Property name={T.type}>{TEXTS.types[type]}</Property>
        <Property name={T.version}>{version ?? T.noVersion}</Property>
        <Property name={T.installed}>
          <Time at={installed_at} />
        </Property>
        <Property name={T.workspace}>{workspace}</Property>
        <Property name={T.id}>{app_id}</Property>
        {description && <Property name={T.description}>{description}</Property>}
      </PropertyList>
      <details class="manifest">
        <summary>{T.manifest}</summary>
        <pre class="log">{JSON.stringify(manifest, null, 2)}</pre>
      </details>
    </Card>
  );
}
