/** States of a session. The last three are final. */
export const SESSION_STATUSES = [
  'starting',
  'running',
  'stopping',
  'completed',
  'failed',
  'stopped',
] as const;
/** State of a session. {@inheritDoc SESSION_STATUSES} */
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** A state in which a session has ended. */
export type EndStatus = Extract<SessionStatus, 'completed' | 'failed' | 'stopped'>;
