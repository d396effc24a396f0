/** Labels of an engine. */
export function LabelTable({ labels }: { labels: Record<string, string> }) {
  return (
    <div class="scroller">
      <table class="labels">
        <thead class="hidden">
          <tr>
            <th scope="col">Label</th>
            <th scope="col">Value</th>
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
