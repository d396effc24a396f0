const ITEM = 'roundhouse-last-event';

/** The newest event that was shown when the panel was last left. */
export interface LastVisit {
  /** Id of that event; null at the first visit. */
  readonly eventId: number | null;
  /** Remembers the newest event that is shown, for the next visit. */
  save(eventId: number): void;
}

/** @param storage localStorage */
export function openLastVisit(storage: Pick<Storage, 'getItem' | 'setItem'>): LastVisit {
  const stored = Number(storage.getItem(ITEM) ?? Number.NaN);
  let newest = Number.isSafeInteger(stored) ? stored : 0;
  return {
    eventId: Number.isSafeInteger(stored) ? stored : null,
    save(eventId) {
      if (eventId <= newest) return;
      newest = eventId;
      storage.setItem(ITEM, String(eventId));
    },
  };
}
