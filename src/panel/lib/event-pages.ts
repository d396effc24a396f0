import type { Api } from './api.ts';
import { errorMessage } from './errors.ts';
import { Store } from './store.ts';
import type { EventRecord, Input } from './wire.ts';

const PAGE_LENGTH = 100;

/** Which events are shown. An empty text matches every event. */
export interface EventFilter {
  type: string;
  engineId: string;
  text: string;
  /** Earliest time, in the form of an `input` of type `datetime-local`. */
  since: string;
}

/** The events that have been read so far. */
export interface EventPagesState {
  /** Newest first; null before the first page. */
  events: readonly EventRecord[] | null;
  /** Whether there are older events. */
  hasMore: boolean;
  error: string | null;
}

/** Reads the events that match a filter, page by page. */
export class EventPages {
  readonly state = new Store<EventPagesState>({ events: null, hasMore: false, error: null });
  readonly #api: Pick<Api, 'read'>;
  readonly #filter: EventFilter;
  #reading = false;

  constructor(api: Pick<Api, 'read'>, filter: EventFilter) {
    this.#api = api;
    this.#filter = filter;
  }

  /** Reads the events that are newer than those shown, or the first page. */
  async refresh(): Promise<void> {
    await this.#run(async () => {
      const { events, hasMore } = this.state.value;
      const page = await this.#read({});
      const oldest = page.at(-1);
      const shown = events ?? [];
      const isContiguous = oldest === undefined || shown.some(({ id }) => id >= oldest.id);
      const rest = oldest === undefined ? [] : shown.filter(({ id }) => id < oldest.id);
      // After a long absence there would be a gap.
      return shown.length > 0 && isContiguous
        ? { events: [...page, ...rest], hasMore }
        : { events: page, hasMore: page.length === PAGE_LENGTH };
    });
  }

  /** Reads the next page of older events. */
  async readMore(): Promise<void> {
    await this.#run(async () => {
      const shown = this.state.value.events ?? [];
      const oldest = shown.at(-1);
      const page = await this.#read(oldest ? { before_id: oldest.id } : {});
      return { events: [...shown, ...page], hasMore: page.length === PAGE_LENGTH };
    });
  }

  async #read(page: { before_id?: number }): Promise<EventRecord[]> {
    const { type, engineId, text, since } = this.#filter;
    const sinceMs = Date.parse(since);
    const query = {
      limit: PAGE_LENGTH,
      ...page,
      ...(type !== '' && { event_type: type }),
      ...(engineId !== '' && { container_id: engineId }),
      ...(text.trim() !== '' && { q: text.trim() }),
      ...(!Number.isNaN(sinceMs) && { since: new Date(sinceMs).toISOString() }),
    };
    const reading = await this.#api.read('GET /events', { query } as Input<'GET /events'>, null);
    return reading.notModified ? [] : reading.value;
  }

  async #run(read: () => Promise<Omit<EventPagesState, 'error'>>): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      this.state.value = { ...(await read()), error: null };
    } catch (error) {
      this.state.value = { ...this.state.value, error: errorMessage(error) };
    }
    this.#reading = false;
  }
}
