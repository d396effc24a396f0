/** Levels of notifications, the least urgent first. */
export const NOTIFY_LEVELS = ['info', 'warning', 'error'] as const;

/** Level of a notification. */
export type NotifyLevel = (typeof NOTIFY_LEVELS)[number];

/** Where notifications are sent. */
export interface NotifyTarget {
  readonly kind: 'webhook' | 'ntfy' | 'apprise';
  /** The least urgent level that is sent. */
  readonly level: NotifyLevel;
  /** URL that notifications are posted to, without credentials. */
  readonly url: string;
  /** Value of the `Authorization` header, or null. */
  readonly authorization: string | null;
  /** Topic of ntfy, or tags of Apprise; null if there are none. */
  readonly topic: string | null;
  /** The configured URL without its secrets, for logs and answers: path, query and credentials may be secrets. */
  readonly masked: string;
}

const MAX_TARGETS = 20;
const KINDS: Readonly<Record<string, { kind: NotifyTarget['kind']; scheme: 'http' | 'https' }>> = {
  http: { kind: 'webhook', scheme: 'http' },
  https: { kind: 'webhook', scheme: 'https' },
  json: { kind: 'webhook', scheme: 'http' },
  jsons: { kind: 'webhook', scheme: 'https' },
  ntfy: { kind: 'ntfy', scheme: 'http' },
  ntfys: { kind: 'ntfy', scheme: 'https' },
  apprise: { kind: 'apprise', scheme: 'http' },
  apprises: { kind: 'apprise', scheme: 'https' },
};
const FORM =
  'must be URLs separated by spaces, such as https://host/path, ntfys://host/topic or apprises://host/key, each with an optional ?level=info, warning or error';

/**
 * Parses the targets of notifications: URLs separated by white space, in the forms that Apprise uses.
 * @throws Error that names the number of the invalid URL and none of its text, which may contain secrets
 * @see https://github.com/caronc/apprise/wiki
 */
export function parseNotifyUrls(text: string): NotifyTarget[] {
  const urls = text.split(/\s+/).filter((url) => url !== '');
  if (urls.length > MAX_TARGETS) throw new Error(`must be at most ${MAX_TARGETS} URLs`);
  return urls.map((url, index) => {
    const target = parseTarget(url);
    if (target) return target;
    throw new Error(`${FORM} (URL ${index + 1} is not)`);
  });
}

function parseTarget(text: string): NotifyTarget | null {
  const [, name = '', rest = ''] = /^([a-z]+):\/\/(.+)$/i.exec(text) ?? [];
  const form = KINDS[name.toLowerCase()];
  if (!form) return null;
  const url = URL.parse(`${form.scheme}://${rest}`);
  if (!url?.hostname) return null;
  const level = url.searchParams.get('level') ?? 'info';
  if (!isLevel(level)) return null;
  if (url.searchParams.has('level')) url.searchParams.delete('level');
  const masked = `${name.toLowerCase()}://${url.host}/…`;
  const common = { kind: form.kind, level, authorization: authorizationOf(url), masked };
  url.username = '';
  url.password = '';
  url.hash = '';
  if (form.kind === 'ntfy') return ntfyTarget(url, common);
  if (form.kind === 'apprise') return appriseTarget(url, common);
  return { ...common, url: url.href, topic: null };
}

type Common = Pick<NotifyTarget, 'kind' | 'level' | 'authorization' | 'masked'>;

/** `ntfy://topic` is a topic of ntfy.sh, `ntfy://host/topic` one of another server. */
function ntfyTarget(url: URL, common: Common): NotifyTarget | null {
  const path = url.pathname.replace(/^\/|\/$/g, '');
  const [topic, server] =
    path === '' ? [url.host, 'https://ntfy.sh/'] : [decode(path), `${url.protocol}//${url.host}/`];
  if (topic === null || !/^[\w-]{1,64}$/.test(topic)) return null;
  const masked = path === '' ? 'ntfy://…' : common.masked;
  return { ...common, url: server, topic, masked };
}

/** The last part of the path is the key of the configuration in Apprise's API. */
function appriseTarget(url: URL, common: Common): NotifyTarget | null {
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const key = parts.pop();
  if (key === undefined) return null;
  const base = parts.map((part) => `${part}/`).join('');
  const tags = url.searchParams.get('tags');
  return { ...common, url: `${url.protocol}//${url.host}/${base}notify/${key}`, topic: tags };
}

/** A user without a password, or a password without a user, is an access token. */
function authorizationOf({ username, password }: URL): string | null {
  const [user, secret] = [decode(username) ?? username, decode(password) ?? password];
  if (user === '' && secret === '') return null;
  if (user !== '' && secret !== '') return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
  return `Bearer ${user || secret}`;
}

function isLevel(text: string): text is NotifyLevel {
  return (NOTIFY_LEVELS as readonly string[]).includes(text);
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
