import type { Clock } from '../../library/cache/index.ts';
import type { Draft } from './notification.ts';

/** Something that has happened once, such as the loss of an engine. */
export interface Occurrence extends Pick<Draft, 'type' | 'level'> {
  /** Title of a notification about this one. */
  readonly title: string;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** What stands for it in a notification about several, such as `engine-19000 (exit code 137)`. */
  readonly item: string;
  /** Title of a notification about several. */
  readonly titleOf: (count: number) => string;
}

/** Events with one cause, such as the loss of all engines of a VPN, arrive one after another. */
const GATHER_MS = 1000;
/** Items that a notification lists; the others are counted. */
const MAX_ITEMS = 20;

interface Group {
  occurrences: Occurrence[];
  count: number;
  /** Cancels the timer of the next notification. Null if nothing is waiting. */
  cancel: (() => void) | null;
  /** Until then, occurrences are gathered. */
  quietUntil: number;
}

/** Makes one notification of occurrences of the same type: at once for the first, then after a pause for the others. */
export class Occurrences {
  readonly #clock: Clock;
  readonly #quietMs: () => number;
  readonly #send: (draft: Draft) => void;
  readonly #groups = new Map<string, Group>();

  /** @param options.quietMs returns how long after a notification further ones of its type are gathered */
  constructor(options: { clock: Clock; quietMs: () => number; send: (draft: Draft) => void }) {
    this.#clock = options.clock;
    this.#quietMs = options.quietMs;
    this.#send = options.send;
  }

  add(occurrence: Occurrence): void {
    const { type } = occurrence;
    const group = this.#groups.get(type) ?? { occurrences: [], count: 0, cancel: null, quietUntil: 0 };
    this.#groups.set(type, group);
    group.count += 1;
    if (group.occurrences.length < MAX_ITEMS) group.occurrences.push(occurrence);
    const delayMs = Math.max(GATHER_MS, group.quietUntil - this.#clock.now());
    group.cancel ??= this.#clock.after(delayMs, () => this.#flush(group));
  }

  /** Sends what has been gathered. */
  close(): void {
    for (const group of this.#groups.values()) this.#flush(group);
  }

  #flush(group: Group): void {
    group.cancel?.();
    group.cancel = null;
    const { occurrences, count } = group;
    const [first] = occurrences;
    if (!first) return;
    group.occurrences = [];
    group.count = 0;
    group.quietUntil = this.#clock.now() + this.#quietMs();
    const { type, level } = first;
    if (count === 1) {
      this.#send({ type, level, title: first.title, message: first.message });
      return;
    }
    const more = count > occurrences.length ? `, and ${count - occurrences.length} more` : '';
    const message = `${occurrences.map(({ item }) => item).join(', ')}${more}.`;
    this.#send({ type, level, title: first.titleOf(count), message, count });
  }
}
