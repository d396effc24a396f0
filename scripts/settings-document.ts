import { readFile } from 'node:fs/promises';
import { CACHE_SETTINGS } from '../src/library/preset/settings.ts';
import type { Setting } from '../src/library/settings/kinds.ts';
import type { SettingsTable } from '../src/library/settings/read.ts';
import { SETTINGS } from '../src/service/config/settings.ts';

const HEAD = `# Configuration

Every setting is an environment variable, or a line of the file \`.env\` in the working directory of the service;
environment variables take precedence. If a value is invalid, the service does not start and lists all invalid
values. An empty variable counts as unset.

\`GET /config\` and the settings page of the panel show every setting with its value and where it comes from. Limits,
intervals and notifications can be changed there without a restart (\`PATCH /config\`): these changes take precedence over
the environment, and are stored in \`settings.json\` in DATA_DIR. They apply to one orchestrator. Resetting a setting
returns to its value in the environment.

This page is generated from \`src/service/config/settings.ts\` by
\`npm run docs\`.

`;
const CACHE_SETTINGS_SECTION = /(?<=<!-- settings: [^>]*-->\n).*?(?=<!-- end of settings -->)/s;

/** Returns docs/configuration.md: the settings of the service. */
export async function describeSettings(): Promise<string> {
  return `${HEAD}${tableOf(SETTINGS)}`;
}

/** Returns docs/library/preset.md with the settings of the caches between its marker comments. */
export async function describePreset(): Promise<string> {
  const page = await readFile(new URL('../docs/library/preset.md', import.meta.url), 'utf8');
  const services = '| `TTL_<SERVICE>` | 86400 | s | TTL of the responses of a service. |\n';
  if (!CACHE_SETTINGS_SECTION.test(page))
    throw new Error('docs/library/preset.md has no marker comments for the settings');
  return page.replace(CACHE_SETTINGS_SECTION, () => `\n${tableOf(CACHE_SETTINGS)}${services}\n`);
}

function tableOf(table: SettingsTable): string {
  const rows = Object.values(table).map((setting: Setting<unknown>) => {
    const names = setting.env.map((name) => `\`${name}\``).join(', ');
    const defaultText =
      setting.defaultText ?? (setting.defaultValue === null ? 'unset' : String(setting.defaultValue));
    return `| ${names} | ${defaultText} | ${setting.unit} | ${setting.description} |\n`;
  });
  return `| variable | default | unit | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}
