import { readFileSync } from 'node:fs';

/** The folder of the dashboard and the alert rules. */
export const GRAFANA_FOLDER = new URL('../../docs/grafana/', import.meta.url);

interface Panel {
  title: string;
  type: string;
  gridPos: { h: number; w: number; x: number; y: number };
  targets?: { expr: string }[];
}

/** The panels of the dashboard, rows included. */
export function dashboardPanels(): Panel[] {
  return (JSON.parse(readGrafanaFile('dashboard.json')) as { panels: Panel[] }).panels;
}

/** The PromQL expressions of all panels of the dashboard. */
export function dashboardExpressions(): string[] {
  return dashboardPanels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

/** Reads a file of {@link GRAFANA_FOLDER}. */
export function readGrafanaFile(name: string): string {
  return readFileSync(new URL(name, GRAFANA_FOLDER), 'utf8');
}
