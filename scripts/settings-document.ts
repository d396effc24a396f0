import { SETTINGS } from '../src/config/settings.ts';
import type { Setting } from '../src/settings/kinds.ts';

const HEAD = `# Configuration

Every setting is an environment variable, or a line of a file \`.env\` in the folder that the service is started
in; the environment wins. A bad value stops the start, and all faults are listed at once. An empty variable
counts as unset. This page is made from \`src/config/settings.ts\` by \`npm run docs\`.

| variable | default | unit | meaning |
|---|---|---|---|
`;

/** The table of all settings, as Markdown. */
export async function describeSettings(): Promise<string> {
  const rows = (Object.values(SETTINGS) as Setting<unknown>[]).map((setting) => {
    const names = setting.env.map((name) => `\`${name}\``).join(', ');
    const fallback = setting.fallbackText ?? (setting.fallback === null ? 'unset' : String(setting.fallback));
    return `| ${names} | ${fallback} | ${setting.unit} | ${setting.description} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}
