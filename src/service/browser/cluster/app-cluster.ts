import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RedisLink } from '../../../library/redis/index.ts';
import { SerialTask } from '../../../library/util/serial-task.ts';
import { RoundhouseError } from '../../errors.ts';
import type { EventBus } from '../../events/events.ts';
import type { AppKey } from '../apps/app-key.ts';
import type { AppStore } from '../apps/app-store.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { ClusterChannel } from './channel.ts';
import { type ClusterCommand, type ClusterResult, CommandLog, type CommandResult } from './command-log.ts';
import { type Member, MemberRecords } from './member-record.ts';
import { LEASE_MS, Members, type OwnAddress } from './members.ts';
import { SessionExchange } from './session-exchange.ts';
import { type RemoteSession, summarize } from './session-summary.ts';
import { SharedApps } from './shared-apps.ts';
import { Singletons } from './singletons.ts';

/** Three attempts in each lease. */
const BEAT_INTERVAL_MS = LEASE_MS / 4;

/** The browser apps of this orchestrator. */
export interface ClusterHost {
  readonly apps: AppStore;
  readonly sessions: Sessions;
  /** Executes a command of another orchestrator. */
  execute(command: ClusterCommand): Promise<CommandResult>;
}

/** What a {@link AppCluster} works with. */
export interface AppClusterOptions {
  /** Closed with the cluster. */
  readonly link: RedisLink;
  readonly bus: EventBus;
  readonly host: ClusterHost;
  readonly apiKey: string;
  readonly dataDir: string;
  readonly readAddress: () => OwnAddress;
  readonly onError: (error: unknown, what: string) => void;
}

/** Figures for metrics. */
export interface ClusterFigures {
  /** Other orchestrators that are alive. */
  readonly others: number;
  /** Values in Redis that are not apps or sessions. */
  readonly skipped: number;
}

/** The browser apps of several orchestrators over one Redis, as seen by one of them. */
export class AppCluster {
  readonly #options: AppClusterOptions;
  readonly #channel: ClusterChannel;
  readonly #members: Members;
  readonly #sessions: SessionExchange;
  readonly #apps: SharedApps;
  readonly #commands: CommandLog;
  readonly #singletons: Singletons;
  readonly #sync: SerialTask;
  #unsubscribe = () => {};

  constructor(options: AppClusterOptions) {
    const { link, host, apiKey, dataDir, readAddress, onError } = options;
    this.#options = options;
    this.#channel = new ClusterChannel(link);
    const channel = this.#channel;
    const report = (error: unknown) => onError(error, 'a value of browser apps in Redis was skipped');
    this.#members = new Members({
      ...{ link, channel, readAddress, onError: report },
      records: new MemberRecords(apiKey),
      id: randomBytes(8).toString('hex'),
    });
    const members = this.#members;
    this.#sessions = new SessionExchange({
      ...{ link, channel, members, onError: report },
      readOwn: () => host.sessions.list().map(summarize),
      onChange: (session) => this.#announce(session),
    });
    this.#apps = new SharedApps({
      ...{ link, channel, dataDir, onError: report },
      apps: host.apps,
      onChange: ({ changed, gone }) => {
        for (const { app, former } of changed)
          options.bus.publish({
            type: 'app_installed',
            workspace: app.workspace,
            appId: app.appId,
            version: app.manifest.version ?? null,
            ...(former && { formerVersion: former.manifest.version ?? null }),
          });
        for (const { workspace, appId } of gone)
          options.bus.publish({ type: 'app_uninstalled', workspace, appId });
      },
    });
    this.#commands = new CommandLog({
      ...{ link, channel, members },
      file: join(dataDir, 'apps', 'redis-commands'),
      execute: (command) => host.execute(command),
      onGap: async () => {
        for (const { workspace, appId } of host.apps.list())
          await host.execute({ kind: 'clear', workspace, appId, match: '*' });
      },
      onError: (error) => onError(error, 'a command for browser apps failed'),
    });
    this.#singletons = new Singletons({ link, members, readOthers: () => this.#sessions.others });
    this.#sync = new SerialTask(
      () => this.#synchronize().catch((error) => onError(error, 'could not share browser apps')),
      { clock: link.clock, intervalMs: BEAT_INTERVAL_MS },
    );
    channel.on('apps', () => this.#sync.trigger());
    channel.on('members', () => this.#sync.trigger());
    host.apps.share(this.#apps);
  }

  /** Begins to share. */
  start(): void {
    this.#unsubscribe = this.#options.bus.subscribe((event) => {
      if (event.type === 'session_changed') this.#publish(event.sessionId);
    });
    this.#channel.start(() => this.#sync.trigger());
    this.#options.link.onConnected(() => this.#sync.trigger());
    this.#sync.trigger();
  }

  /** The sessions of other orchestrators, the oldest first. */
  get sessions(): readonly RemoteSession[] {
    return this.#sessions.others;
  }

  /** Figures for metrics. */
  get figures(): ClusterFigures {
    return {
      others: this.#members.others.length,
      skipped: this.#apps.skipped + this.#sessions.skipped,
    };
  }

  /** Id of this orchestrator. */
  get id(): string {
    return this.#members.id;
  }

  /** Finds a session of another orchestrator. */
  async locate(id: string): Promise<RemoteSession | undefined> {
    return await this.#sessions.locate(id);
  }

  /** The orchestrator that runs a session; undefined if it is gone. */
  ownerOf({ owner }: RemoteSession): Member | undefined {
    return this.#members.get(owner);
  }

  /** Aborted when an orchestrator has left or died. */
  lossOf({ id }: Member): AbortSignal {
    return this.#members.lossOf(id);
  }

  /** Address of this orchestrator. */
  get ownAddress(): OwnAddress {
    return this.#options.readAddress();
  }

  /** Removes a session whose orchestrator is gone. @throws RoundhouseError `cluster_unavailable` */
  async removeOrphan(id: string): Promise<void> {
    try {
      await this.#sessions.removeOrphan(id);
    } catch (cause) {
      throw new RoundhouseError('cluster_unavailable', 'Redis cannot be reached', { cause });
    }
  }

  /** {@inheritDoc Singletons.claim} */
  async claim(key: AppKey, timeoutMs: number): Promise<RemoteSession | undefined> {
    return await this.#singletons.claim(key, timeoutMs);
  }

  /** {@inheritDoc Singletons.release} */
  release(key: AppKey): void {
    this.#singletons.release(key);
  }

  /** {@inheritDoc CommandLog.run} */
  async run(command: ClusterCommand): Promise<ClusterResult> {
    return await this.#commands.run(command);
  }

  /** Leaves the others, and closes the link. The sessions must have ended. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#sync.close();
    await this.#commands.close();
    await Promise.allSettled([this.#sessions.leave(), this.#members.leave()]);
    await this.#channel.publish('members');
    this.#channel.close();
    this.#options.link.close();
  }

  async #synchronize(): Promise<void> {
    if (this.#options.link.state !== 'connected') return;
    const isNew = await this.#members.beat();
    await this.#sessions.synchronize(isNew);
    await this.#apps.synchronize();
    this.#commands.trigger();
    if (!isNew) return;
    void this.#channel.publish('members');
    await this.#claimAgain();
  }

  /** Others may have started a singleton while this orchestrator was cut off from Redis. */
  async #claimAgain(): Promise<void> {
    const { host } = this.#options;
    for (const session of host.sessions.list()) {
      if (!session.app.manifest.singleton || !session.isLive) continue;
      if ((await this.#singletons.holderOf(session.app)) === this.id) continue;
      await session.stop('another orchestrator started this singleton while Redis could not be reached');
    }
  }

  #publish(id: string): void {
    const session = this.#options.host.sessions.list().find((each) => each.id === id);
    if (session) this.#sessions.publish(summarize(session));
    else this.#sessions.publishRemoval(id);
  }

  #announce({ id, workspace, appId, status }: RemoteSession): void {
    this.#options.bus.publish({ type: 'session_changed', sessionId: id, workspace, appId, status });
  }
}
