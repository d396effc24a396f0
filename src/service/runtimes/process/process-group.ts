import { setTimeout as sleep } from 'node:timers/promises';
import { identify, readProcesses } from './proc-files.ts';

const POLL_MS = 10;
/** A killed process is gone at once, unless it hangs in the kernel, where nothing can be done about it. */
const KILL_DEADLINE_MS = 2000;

/**
 * Ends a process group: SIGTERM, and SIGKILL for what is left of it after `graceMs`.
 * @returns whether nothing of it runs any more.
 */
export async function endGroup(groupId: number, graceMs: number): Promise<boolean> {
  return (
    (await signalAndWait(groupId, 'SIGTERM', graceMs)) ||
    (await signalAndWait(groupId, 'SIGKILL', KILL_DEADLINE_MS))
  );
}

async function signalAndWait(groupId: number, signal: NodeJS.Signals, deadlineMs: number): Promise<boolean> {
  const due = performance.now() + deadlineMs;
  let ended = !signalGroup(groupId, signal);
  while (!ended && performance.now() < due) {
    await sleep(POLL_MS);
    ended = !signalGroup(groupId, 0) || !(await hasLivingMember(groupId));
  }
  return ended;
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

/**
 * A group also exists while a process of it is dead and not yet waited for. Where the first process of a
 * container is no init, that is for good: without a closer look every removal there would take its whole
 * deadline.
 */
async function hasLivingMember(groupId: number): Promise<boolean> {
  if (await identify(groupId)) return true;
  for (const member of (await readProcesses()).values()) {
    if (member.groupId === groupId && !member.isDead) return true;
  }
  return false;
}
