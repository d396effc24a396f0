/** The service answered, and the answer is that it cannot or will not. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  /** As in the service's table of errors; `unknown` where something else answered in its place. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get asksForKey(): boolean {
    return this.status === 401;
  }
}

/** Nobody answered. */
export class AwayError extends Error {
  override readonly name = 'AwayError';
  /** Somebody may be there, but has not answered in time. */
  readonly late: boolean;

  constructor(message: string, late: boolean, options?: ErrorOptions) {
    super(message, options);
    this.late = late;
  }
}

/** The problem that a response with an error status tells of; problem+json, or whatever a proxy has sent. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const { status, statusText } = response;
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== 'object' || body === null)
    return new ProblemError(status, 'unknown', statusText || `Status ${status}`);
  const { title, detail, code } = body as { title?: unknown; detail?: unknown; code?: unknown };
  const message = wordsOf(detail) ?? (typeof title === 'string' ? title : `Status ${status}`);
  return new ProblemError(status, typeof code === 'string' ? code : 'unknown', message);
}

/** A refused provisioning has its words in an object. */
function wordsOf(detail: unknown): string | null {
  if (typeof detail === 'string') return detail;
  if (typeof detail !== 'object' || detail === null) return null;
  const { message } = detail as { message?: unknown };
  return typeof message === 'string' ? message : null;
}

/** What went wrong, in words for a person. */
export function describeFailure(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
