/** The service responded with an error status. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  /** HTTP status code. */
  readonly status: number;
  /** Error code of the service; `unknown` if the response is not a problem document of the service. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the API key is missing or wrong. */
  get requiresKey(): boolean {
    return this.status === 401;
  }
}

/** The service did not respond, or its response is incomplete. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  /** The request timed out: the service may be running, but slow. */
  readonly timedOut: boolean;

  constructor(message: string, timedOut: boolean, options?: ErrorOptions) {
    super(message, options);
    this.timedOut = timedOut;
  }
}

/** Reads an error response: `application/problem+json` (RFC 9457), or anything a proxy sends in its place. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const { status, statusText } = response;
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== 'object' || body === null)
    return new ProblemError(status, 'unknown', statusText || `HTTP status ${status}`);
  const { title, detail, code } = body as { title?: unknown; detail?: unknown; code?: unknown };
  const message = messageOf(detail) ?? (typeof title === 'string' ? title : `HTTP status ${status}`);
  return new ProblemError(status, typeof code === 'string' ? code : 'unknown', message);
}

/** `detail` is a string, or for a refused provisioning an object with a message. */
function messageOf(detail: unknown): string | null {
  if (typeof detail === 'string') return detail;
  if (typeof detail !== 'object' || detail === null) return null;
  const { message } = detail as { message?: unknown };
  return typeof message === 'string' ? message : null;
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
