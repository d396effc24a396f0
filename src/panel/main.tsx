import { render } from 'preact';
import { App } from './app.tsx';
import { ServiceContext } from './hooks.ts';
import { systemClock } from './lib/clock.ts';
import { openPreferences } from './lib/preferences.ts';
import { Service } from './lib/service.ts';
import { followTheme } from './theme.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/tables.css';
import './styles/parts.css';

const preferences = openPreferences(localStorage);
followTheme(preferences.theme);

const service = new Service({
  // The panel is served one step below the service, wherever that is.
  base: new URL('../', location.href).href.replace(/[?#].*$/, ''),
  fetch: fetch.bind(window),
  clock: systemClock,
  memory: sessionStorage,
  intervalS: preferences.intervalS,
});
const followVisibility = () => service.setHidden(document.visibilityState === 'hidden');
document.addEventListener('visibilitychange', followVisibility);
followVisibility();

render(
  <ServiceContext.Provider value={service}>
    <App preferences={preferences} />
  </ServiceContext.Provider>,
  document.getElementById('app')!,
);
