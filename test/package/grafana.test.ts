import { describe, expect, test } from 'vitest';
import { ExposedMetrics } from '../service/metrics/fixtures.ts';
import { dashboardExpressions, dashboardPanels, readGrafanaFile } from './grafana.ts';

const METRIC = /\b(?:roundhouse|orch|process|nodejs)_[a-z0-9_]+/g;

/** Names of all metrics, with those of the cluster, as a query names them. */
async function exposedNames(): Promise<Set<string>> {
  using exposed = new ExposedMetrics(() => ({ redisConnected: true, leading: true, redisTotals: {} }));
  const families = await exposed.scrape();
  return new Set(
    [...families].flatMap(([name, { type }]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
}

/** Metrics in an expression, without label names such as `orch_vpn_health{orch_vpn_health="healthy"}`. */
function metricsIn(expression: string): string[] {
  return expression.replace(/\{[^}]*\}/g, '').match(METRIC) ?? [];
}

describe('docs/grafana', () => {
  test('the dashboard uses only metrics that /metrics contains', async () => {
    const names = await exposedNames();
    const used = new Set(dashboardExpressions().flatMap(metricsIn));
    expect(used.size).toBeGreaterThan(25);
    expect([...used].filter((name) => !names.has(name))).toEqual([]);
  });

  test('the alert rules use only metrics that /metrics contains', async () => {
    const names = await exposedNames();
    const expressions = readGrafanaFile('alerts.yml').match(/^ +expr: .+$/gm) ?? [];
    expect(expressions.length).toBeGreaterThan(10);
    const used = expressions.flatMap(metricsIn);
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  });

  test('every alert rule has a test of when it is raised, and one of when it is not', () => {
    const rules = [...readGrafanaFile('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
    const tests = [...readGrafanaFile('alerts.test.yml').matchAll(/- name: (.+)/g)].map(([, name]) => name);
    expect(tests).toEqual(rules.flatMap((name) => [`${name} is raised`, `${name} is not raised`]));
  });

  test('panels do not overlap and fit the width', () => {
    const cells = new Set<string>();
    for (const { title, gridPos } of dashboardPanels()) {
      const { h, w, x, y } = gridPos;
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let row = y; row < y + h; row += 1)
        for (let column = x; column < x + w; column += 1) {
          expect(cells.has(`${row}:${column}`), title).toBe(false);
          cells.add(`${row}:${column}`);
        }
    }
  });
});
