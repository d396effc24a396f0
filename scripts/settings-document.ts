import { readFile } from 'node:fs/promises';
import { CACHE_SETTINGS } from '../src/library/preset/settings.ts';
import type { Setting } from '../src/library/settings/kinds.ts';
import type { SettingsTable } from '../src/library/settings/read.ts';
import { SETTINGS } from '../src/service/config/settings.ts';

const HEAD = `# Configuration

Every setting is an environment variable, or a line of a file \`.env\` in the folder that the service is started
in; the environment wins. A bad value stops the start, and all faults are listed at once. An empty variable
counts as unset. This page is made from \`src/service/config/settings.ts\` by \`npm run docs\`.

`;
const SETTINGS_OF_CACHES = /(?<=<!-- settings: [^>]*-->\n).*?(?=<!-- end of settings -->)/s;

/** docs/configuration.md: the settings of the service. */
export async function describeSettings(): Promise<string> {
  return `${HEAD}${tableOf(SETTINGS)}`;
}

/** docs/library.md, with the settings of the caches where its comments say. */
export async function describeLibrary(): Promise<string> {
  const page = await readFile(new URL('../docs/library.md', import.meta.url), 'utf8');
  const services = '| `TTL_<SERVICE>` | 86400 | s | How long the responses of a service are kept. |\n';
  if (!SETTINGS_OF_CACHES.test(page)) throw new Error('docs/library.md has no place for its settings');
  return page.replace(SETTINGS_OF_CACHES, () => `\n${tableOf(CACHE_SETTINGS)}${services}\n`);
}

function tableOf(table: SettingsTable): string {
  const rows = Object.values(table).map((setting: Setting<unknown>) => {
    const names = setting.env.map((name) => `\`${name}\``).join(', ');
    const fallback = setting.fallbackText ?? (setting.fallback === null ? 'unset' : String(setting.fallback));
    return `| ${names} | ${fallback} | ${setting.unit} | ${setting.description} |\n`;
  });
  return `| variable | default | unit | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}
