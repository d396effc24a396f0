/** What an engine that is about to be started needs for itself alone. */
export interface Reservation {
  /** Name of the engine. */
  name: string;
  /** Its host ports, and what else no other engine can have. */
  claims: readonly string[];
  /** Names of the engines that this orchestrator has. They count once, with or without a reservation. */
  known: readonly string[];
  /** Maximum number of engines. */
  maxEngines: number;
}

/** `taken` lists everything that other engines have reserved. */
export type ReservationOutcome =
  | { kind: 'reserved' }
  | { kind: 'full' }
  | { kind: 'taken'; claims: ReadonlySet<string> };

/**
 * Reservations that orchestrators of the same engines share. Between the decision to start an engine and the time at
 * which the others see it, only a reservation keeps them from using the same ports, or the last place.
 */
export interface Reservations {
  /** Reserves everything or nothing. A reservation that nobody releases ends by itself. */
  reserve(reservation: Reservation): Promise<ReservationOutcome>;
  /** Ends the reservation of an engine that was not started, or has stopped. */
  release(name: string): void;
}

/** For an orchestrator that shares its engines with no other: its own registry is enough. */
export const NO_RESERVATIONS: Reservations = {
  reserve: async () => ({ kind: 'reserved' }),
  release: () => {},
};
