import type { Rule } from './rule.ts';

const MINUTE_S = 60;
const DAY_S = 24 * 3600;

/**
 * Rules for pages that run Python with Pyodide. Package files and releases have their version in the URL and
 * never change, so they are kept for 30 days. Package indexes change with each release, so they are fresh for
 * 10 minutes and served for another hour while they are renewed.
 */
export const WEB_PYTHON_RULES: readonly Rule[] = [
  ...['https://cdn.jsdelivr.net/pyodide/*', 'https://files.pythonhosted.org/*', '*.whl', '*.tar.gz'].map(
    (match) => ({ match, force: true, ttlS: 30 * DAY_S }),
  ),
  {
    match: 'https://pypi.org/*',
    force: true,
    ttlS: 10 * MINUTE_S,
    staleWhileRevalidateS: 60 * MINUTE_S,
  },
  { match: 'https://pyodide.org/*', force: true, ttlS: DAY_S },
];
