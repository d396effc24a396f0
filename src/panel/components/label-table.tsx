import { t } from '../lib/i18n.ts';
/** Labels of an engine. */
export function LabelTable({ labels }: { labels: Record<string, string> }) {
  return (
    <div class="scroller">
      <table class="labels">
        <thead class="hidden">
          <tr>
            <th scope="col">{t('Label')}</th>
            <th scope="col">{t('Value')}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(labels).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="mono">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
