import { render } from 'preact';
import { App } from './app.tsx';
import { ClientContext } from './hooks.ts';
import { systemClock } from './lib/clock.ts';
import { chooseLanguage, setLanguage } from './lib/i18n.ts';
import { openLastVisit } from './lib/last-visit.ts';
import { openPreferences } from './lib/preferences.ts';
import { ServiceClient } from './lib/service-client.ts';
import { applyTheme } from './theme.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/tables.css';
import './styles/parts.css';

const preferences = openPreferences(localStorage);
applyTheme(preferences.theme);

const client = new ServiceClient({
  // The panel is served at a path directly below that of the service.
  base: new URL('../', location.href).href.replace(/[?#].*$/, ''),
  fetch: fetch.bind(window),
  clock: systemClock,
  intervalS: preferences.intervalS,
  lastVisit: openLastVisit(localStorage),
});
void client.apiKey.load().catch(() => {});
const onVisibilityChange = () => client.setHidden(document.visibilityState === 'hidden');
document.addEventListener('visibilitychange', onVisibilityChange);
onVisibilityChange();

/** Shows the panel in the preferred language. */
async function show(): Promise<void> {
  const language = chooseLanguage(preferences.language.value, navigator.languages);
  await setLanguage(language, navigator.languages);
  document.documentElement.lang = language;
  render(
    <ClientContext.Provider value={client}>
      <App key={language} preferences={preferences} />
    </ClientContext.Provider>,
    document.getElementById('app')!,
  );
}

preferences.language.subscribe(() => void show());
await show();
