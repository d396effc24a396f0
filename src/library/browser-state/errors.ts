/** Codes of {@link BrowserStateError}. */
export type BrowserStateErrorCode =
  | 'VERSION_CONFLICT'
  | 'SESSION_LOCKED'
  | 'LEASE_LOST'
  | 'SESSION_NOT_FOUND'
  | 'CORRUPT_OBJECT'
  | 'WRONG_KEY'
  | 'PROFILE_IN_USE'
  | 'PROFILE_CHANGED'
  | 'MOUNT_CLOSED'
  | 'READ_ONLY'
  | 'UNSUPPORTED_STORE'
  | 'STORAGE_FAILED'
  | 'MISSING_PACKAGE';

/** An error of `roundhouse/browser-state`. `code` identifies the kind; the message says what to do. */
export class BrowserStateError extends Error {
  override readonly name: string = 'BrowserStateError';
  readonly code: BrowserStateErrorCode;

  constructor(code: BrowserStateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Another writer has committed the version that this commit would have created. Nothing was overwritten. */
export class VersionConflictError extends BrowserStateError {
  override readonly name = 'VersionConflictError';
  /** The version on which the rejected commit was based. */
  readonly baseVersion: number;
  /** The newest version in storage. */
  readonly currentVersion: number;

  constructor(session: string, baseVersion: number, currentVersion: number) {
    super(
      'VERSION_CONFLICT',
      `session ${session} is at version ${currentVersion}, but this commit is based on version ${baseVersion}: ` +
        'fork the mount to keep its changes, or discard it and mount again',
    );
    this.baseVersion = baseVersion;
    this.currentVersion = currentVersion;
  }
}

/** Who holds a lease. */
export interface LeaseHolder {
  /** Name of the host. */
  readonly host: string;
  /** Process ID on that host. */
  readonly pid: number;
}

/** Another mount has the session in mode `rw`. */
export class SessionLockedError extends BrowserStateError {
  override readonly name = 'SessionLockedError';
  /** The holder of the lease. */
  readonly holder: LeaseHolder;
  /** When the lease ends at the latest unless its holder renews it, in milliseconds from now. */
  readonly remainingMs: number;

  constructor(session: string, holder: LeaseHolder, remainingMs: number) {
    super(
      'SESSION_LOCKED',
      `session ${session} is mounted by process ${holder.pid} on ${holder.host}, whose lease ends in ` +
        `${(remainingMs / 1000).toFixed(1)} s unless renewed: wait (waitMs), or mount it with mode "fork" or "ro"`,
    );
    this.holder = holder;
    this.remainingMs = remainingMs;
  }
}

/** Stored bytes are not what was written. The key says which object is damaged. */
export class CorruptObjectError extends BrowserStateError {
  override readonly name = 'CorruptObjectError';
  /** Key of the damaged object. */
  readonly key: string;

  constructor(key: string, problem: string, options?: ErrorOptions) {
    super('CORRUPT_OBJECT', `${key}: ${problem}`, options);
    this.key = key;
  }
}

/** The storage failed. `transient` says whether the same call may succeed later. */
export class StorageError extends BrowserStateError {
  override readonly name = 'StorageError';
  /** Whether the same call may succeed later: a cut connection, a timeout, a busy server. */
  readonly transient: boolean;

  constructor(message: string, { transient, cause }: { transient: boolean; cause?: unknown }) {
    super('STORAGE_FAILED', message, { cause });
    this.transient = transient;
  }
}
