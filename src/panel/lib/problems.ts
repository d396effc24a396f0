import { plural } from './format.ts';
import { t } from './i18n.ts';
import { nodeProblems } from './node-problems.ts';
import type { Engine, Health, Node, Status, Vpn, VpnStatus } from './wire.ts';

/** Something that an operator may have to act on. */
export interface Problem {
  /** What the problem is about; the same for as long as it lasts. */
  id: string;
  tone: 'warn' | 'bad';
  title: string;
  /** Why, as far as the service can say. */
  cause: string;
  /** When it began, in milliseconds since the epoch; null if unknown. */
  since: number | null;
  /** What to do. */
  advice: string;
  /** Page with the details. */
  href: string | null;
}

/** What problems are derived from; null for what has not been read. */
export interface Facts {
  status: Status | null;
  health: Health | null;
  vpn: VpnStatus | null;
  engines: readonly Engine[] | null;
  nodes: readonly Node[] | null;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Problems that are no reason why no engine runs. */
const INDEPENDENT = new Set(['redis', 'fallback', 'agents', 'nodes']);

type VpnFields = Omit<Vpn, 'mode'>;

/** Finds all problems, the worst first. */
export function findProblems({ status, health, vpn, engines, nodes, now }: Facts): Problem[] {
  const found = [
    health && ofDocker(health),
    ...(health?.runtime.available ? nodeProblems(health, nodes ?? [], now) : []),
    status && ofEngines(status, engines),
    ...(vpn ? ofVpns(vpn) : []),
    status && ofBreaker(status),
    health && ofRedis(health),
    health && ofFallback(health),
  ].filter((problem) => problem !== null);
  // The VPN, Docker or the breaker would be the cause.
  if (status && found.every(({ id }) => INDEPENDENT.has(id))) found.push(...noEngine(status));
  const severity = { bad: 0, warn: 1 };
  return found.sort((a, b) => severity[a.tone] - severity[b.tone]);
}

/** The VPNs: the two of a redundant configuration, the only one, or none. */
export function vpnsOf(vpn: VpnStatus): VpnFields[] {
  if (!vpn.enabled) return [];
  const redundant = [vpn.vpn1, vpn.vpn2].filter((one) => one !== null);
  return redundant.length > 0 ? redundant : [vpn];
}

function ofDocker({ runtime }: Health): Problem | null {
  if (runtime.available) return null;
  return {
    id: 'runtime',
    tone: 'bad',
    title:
      runtime.name === 'swarm'
        ? t('No manager of the Swarm responds')
        : runtime.name === 'docker'
          ? t('Docker does not respond')
          : t('The engine runtime does not respond'),
    cause: runtime.unavailable_reason ?? '',
    since: toMs(runtime.unavailable_since),
    advice:
      runtime.name === 'swarm'
        ? t(
            'Engines keep running, but none can be started or removed. Check that most of the managers run, and that DOCKER_HOST lists them.',
          )
        : t(
            'Check that the Docker daemon runs and that DOCKER_HOST is its address. Running engines continue, but none can be started or removed.',
          ),
    href: null,
  };
}

function ofEngines({ engines }: Status, list: readonly Engine[] | null): Problem | null {
  if (engines.unhealthy === 0) return null;
  const unhealthy = list?.filter(({ health_status }) => health_status === 'unhealthy') ?? [];
  const names = unhealthy.slice(0, 3).map(({ container_name }) => container_name);
  const more = unhealthy.length - names.length;
  const since = Math.min(...unhealthy.map(({ health_since }) => Date.parse(health_since)));
  return {
    id: 'engines',
    tone: engines.healthy === 0 ? 'bad' : 'warn',
    title:
      engines.unhealthy === engines.total
        ? t('No engine responds')
        : t('{unhealthy} of {engines} not responding', {
            unhealthy: engines.unhealthy,
            engines: plural(engines.total, 'engine'),
          }),
    cause: more > 0 ? t('{names} and {more} more', { names: names.join(', '), more }) : names.join(', '),
    since: Number.isFinite(since) ? since : null,
    advice: t(
      'Unhealthy engines are replaced automatically. If they stay, restart them and read their logs.',
    ),
    href: '#/engines?health=unhealthy',
  };
}

/** At the beginning it is no problem that no engine runs yet. */
function noEngine({ engines, capacity: { min_replicas: minimum }, provisioning }: Status): Problem[] {
  const { last_failure_reason: reason, last_failure: failedAt } = provisioning;
  if (engines.total > 0 || minimum === 0 || reason === null) return [];
  return [
    {
      id: 'engines',
      tone: 'bad',
      title: t('No engines running'),
      cause: reason,
      since: toMs(failedAt),
      advice: t('At least {engines} should be running. The service tries again by itself.', {
        engines: plural(minimum, 'engine'),
      }),
      href: null,
    },
  ];
}

function ofVpns(status: VpnStatus): Problem[] {
  const vpns = vpnsOf(status);
  const anyConnected = vpns.some(({ connected }) => connected);
  return vpns.flatMap((vpn) => {
    const { problem, connected } = vpn;
    const name = vpn.container ?? 'Gluetun';
    if (!problem && connected) return [];
    const [title, advice] = problem
      ? vpnTexts(problem.code, name)
      : [t('{name}: not connected', { name }), ''];
    return {
      id: `vpn ${name}`,
      tone: anyConnected || problem?.code === 'starting' ? 'warn' : 'bad',
      title,
      cause: problem?.message ?? '',
      since: toMs(problem?.since ?? null),
      advice,
      href: null,
    } satisfies Problem;
  });
}

/** Title and advice. */
function vpnTexts(code: NonNullable<Vpn['problem']>['code'], name: string): [title: string, advice: string] {
  switch (code) {
    case 'container_missing':
      return [
        t('{name}: no such container', { name }),
        t('Start the Gluetun container, or correct GLUETUN_CONTAINER_NAME.'),
      ];
    case 'container_stopped':
      return [t('{name}: stopped', { name }), t('Start it: docker start {name}', { name })];
    case 'starting':
      return [t('{name}: connecting', { name }), t('New engines wait until it is connected.')];
    case 'unhealthy':
      return [
        t('{name}: not connected', { name }),
        t('Read its log (docker logs {name}): credentials, server, or the provider.', { name }),
      ];
    case 'unauthorized':
      return [
        t('{name}: 401, check GLUETUN_API_KEY', { name }),
        t("Gluetun's auth/config.toml needs a role with this key and the routes in docs/operations.md."),
      ];
    case 'no_response':
      return [
        t('{name}: control server does not respond', { name }),
        t(
          'What is shown of it is old. Check HTTP_CONTROL_SERVER_ADDRESS, or restart it: docker restart {name}',
          {
            name,
          },
        ),
      ];
  }
}

function ofBreaker({ provisioning, engines }: Status): Problem | null {
  const {
    circuit_breaker_state: state,
    last_failure_reason: reason,
    breaker_opened_at: openedAt,
  } = provisioning;
  if (state === 'closed') return null;
  return {
    id: 'breaker',
    tone: state === 'open' && engines.healthy === 0 ? 'bad' : 'warn',
    title: t('Engine starts are paused'),
    cause: reason ?? t('Several starts have failed'),
    since: toMs(openedAt),
    advice:
      state === 'open'
        ? t('Fix the cause. The service tries again by itself; “Reset” does so at once.')
        : t('The next start is a trial.'),
    href: null,
  };
}

function ofRedis({ cluster }: Health): Problem | null {
  if (cluster?.redis !== 'away') return null;
  return {
    id: 'redis',
    tone: 'warn',
    title: t('Redis does not respond, so no orchestrator leads'),
    cause: t('Engines are neither started nor replaced automatically'),
    since: toMs(cluster.redis_away_since),
    advice: t('Check that Redis runs at REDIS_URL. The service reconnects by itself.'),
    href: null,
  };
}

/** ENGINE_RUNTIME=auto has found no Docker. */
function ofFallback({ runtime }: Health): Problem | null {
  const { fallback } = runtime;
  if (!fallback) return null;
  return {
    id: 'fallback',
    tone: 'warn',
    title: fallback.emulated ? t('Engines are emulated and play nothing') : t('Engines do not run in Docker'),
    cause: fallback.message,
    since: null,
    advice: '',
    href: null,
  };
}

function toMs(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
