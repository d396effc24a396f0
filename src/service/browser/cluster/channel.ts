import type { RedisLink } from '../../../library/redis/index.ts';

/** What orchestrators announce to each other about browser apps. */
export type ClusterTopic = 'members' | 'apps' | 'session' | 'removed' | 'command' | 'done';

/** A message of each topic begins with the topic and a space. */
export class ClusterChannel {
  /** Name of the channel in Redis. */
  readonly name: string;
  readonly #link: RedisLink;
  readonly #listeners = new Map<ClusterTopic, (payload: string) => void>();
  #subscription: RedisLink | undefined;

  constructor(link: RedisLink) {
    this.#link = link;
    this.name = keyOf(link, 'changes');
  }

  /** Sets the listener of a topic. It also gets the messages of this process. */
  on(topic: ClusterTopic, listener: (payload: string) => void): void {
    this.#listeners.set(topic, listener);
  }

  /** Publishes a message. A failure is ignored: the periodic synchronization repairs it. */
  async publish(topic: ClusterTopic, payload = ''): Promise<void> {
    await this.#link.send(['PUBLISH', this.name, `${topic} ${payload}`]).catch(() => {});
  }

  /** Begins to receive. @param onSubscribed called after each (re)connection: earlier messages were not received */
  start(onSubscribed: () => void): void {
    this.#subscription = this.#link.subscribe({
      channel: this.name,
      onMessage: (message) => {
        const at = message.indexOf(' ');
        this.#listeners.get(message.slice(0, at) as ClusterTopic)?.(message.slice(at + 1));
      },
    });
    this.#subscription.onConnected(onSubscribed);
  }

  /** Ends receiving. */
  close(): void {
    this.#subscription?.close();
  }
}

/** Returns a key of browser apps. All of them are in one slot of a Redis Cluster. */
export function keyOf({ prefix }: RedisLink, name: string): string {
  return `${prefix}:{browser}:${name}`;
}
