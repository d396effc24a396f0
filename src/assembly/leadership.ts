/** Which of several orchestrators over the same engines acts on its own: scales, replaces, restarts. */
export interface Leadership {
  readonly leading: boolean;
}

/** Of an orchestrator that shares its engines with no other. */
export const ALONE: Leadership = { leading: true };
