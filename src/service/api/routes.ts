import type { Api } from './context.ts';
import type { RouteDependencies } from './dependencies.ts';
import { appCacheRoutes } from './routes/apps/cache.ts';
import { appSessionRoutes } from './routes/apps/sessions.ts';
import { appRoutes } from './routes/apps.ts';
import { sessionLogRoutes } from './routes/browser/sessions/logs.ts';
import { screenshotRoutes } from './routes/browser/sessions/screenshot.ts';
import { browserSessionRoutes } from './routes/browser/sessions.ts';
import { byLabelRoutes } from './routes/by-label.ts';
import { cacheRoutes } from './routes/cache.ts';
import { configRoutes } from './routes/config.ts';
import { containerRoutes } from './routes/containers.ts';
import { templateRoutes } from './routes/custom-variant/templates.ts';
import { customVariantRoutes } from './routes/custom-variant.ts';
import { engineLogRoutes } from './routes/engines/logs.ts';
import { engineRoutes } from './routes/engines.ts';
import { liveEventRoutes } from './routes/events/live.ts';
import { streamEndedRoutes } from './routes/events/stream-ended.ts';
import { streamStartedRoutes } from './routes/events/stream-started.ts';
import { eventRoutes } from './routes/events.ts';
import { gcRoutes } from './routes/gc.ts';
import { healthRoutes } from './routes/health.ts';
import { livenessRoutes } from './routes/livez.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { orchestratorRoutes } from './routes/orchestrator.ts';
import { panelRoutes } from './routes/panel.ts';
import { profileRoutes } from './routes/profiles.ts';
import { provisionRoutes } from './routes/provision.ts';
import { readinessRoutes } from './routes/readyz.ts';
import { rootRoutes } from './routes/root.ts';
import { scaleRoutes } from './routes/scale.ts';
import { sessionRoutes } from './routes/session.ts';
import { statsRoutes } from './routes/stats.ts';
import { streamRoutes } from './routes/streams.ts';
import { versionRoutes } from './routes/version.ts';
import { vpnRoutes } from './routes/vpn.ts';

/** Declares routes on an instance whose prefix is already set. */
export type Routes = (api: Api, dependencies: RouteDependencies) => void | Promise<void>;

/**
 * All routes by the prefix of their URLs. Each prefix is served by the file of the same name:
 * `/engines/:id/logs` by routes/engines/logs.ts, which leaves out the parameter.
 */
export const ROUTES: Readonly<Record<string, Routes>> = {
  '/': rootRoutes,
  '/apps': appRoutes,
  '/apps/:workspace/:app/cache': appCacheRoutes,
  '/apps/:workspace/:app/sessions': appSessionRoutes,
  '/browser/sessions': browserSessionRoutes,
  '/browser/sessions/:id/logs': sessionLogRoutes,
  '/browser/sessions/:id/screenshot': screenshotRoutes,
  '/by-label': byLabelRoutes,
  '/cache': cacheRoutes,
  '/config': configRoutes,
  '/containers': containerRoutes,
  '/custom-variant': customVariantRoutes,
  '/custom-variant/templates': templateRoutes,
  '/engines': engineRoutes,
  '/engines/:id/logs': engineLogRoutes,
  '/events': eventRoutes,
  '/events/live': liveEventRoutes,
  '/events/stream_ended': streamEndedRoutes,
  '/events/stream_started': streamStartedRoutes,
  '/gc': gcRoutes,
  '/health': healthRoutes,
  '/livez': livenessRoutes,
  '/metrics': metricsRoutes,
  '/nodes': nodeRoutes,
  '/notifications': notificationRoutes,
  '/orchestrator': orchestratorRoutes,
  '/panel': panelRoutes,
  '/profiles': profileRoutes,
  '/provision': provisionRoutes,
  '/readyz': readinessRoutes,
  '/scale': scaleRoutes,
  '/session': sessionRoutes,
  '/stats': statsRoutes,
  '/streams': streamRoutes,
  '/version': versionRoutes,
  '/vpn': vpnRoutes,
};

/** Registers all routes, each under its prefix. */
export async function registerRoutes(api: Api, dependencies: RouteDependencies): Promise<void> {
  for (const [prefix, routes] of Object.entries(ROUTES))
    await api.register(async (scope) => routes(scope, dependencies), { prefix });
}
