import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
/** A killed process is gone at once, unless it hangs in the kernel, where nothing can be done about it. */
const KILL_DEADLINE_MS = 2000;

/**
 * Ends a process group: SIGTERM, and SIGKILL for what is left of it after `graceMs`.
 * @returns whether the group is gone.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<boolean> {
  return (
    (await signalAndWait(groupId, 'SIGTERM', graceMs)) ||
    (await signalAndWait(groupId, 'SIGKILL', KILL_DEADLINE_MS))
  );
}

async function signalAndWait(groupId: number, signal: NodeJS.Signals, deadlineMs: number): Promise<boolean> {
  let exists = signalGroup(groupId, signal);
  for (const due = performance.now() + deadlineMs; exists && performance.now() < due; ) {
    await sleep(POLL_MS);
    exists = signalGroup(groupId, 0);
  }
  return !exists;
}

/** Signal 0 only asks. @returns whether there is such a group. */
function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    // Any other error means that it is there and not ours to signal.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
