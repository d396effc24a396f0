import { setTimeout as sleep } from 'node:timers/promises';
import { identify, readProcesses } from './proc-files.ts';

const POLL_MS = 10;
/** A killed process ends at once, unless it hangs in the kernel, where it cannot be ended. */
const KILL_TIMEOUT_MS = 2000;

/**
 * Ends a process group with SIGTERM, and with SIGKILL if any of its processes still run after `graceMs`.
 * @returns whether all of its processes have ended
 */
export async function endGroup(groupId: number, graceMs: number): Promise<boolean> {
  return (
    (await signalAndWait(groupId, 'SIGTERM', graceMs)) ||
    (await signalAndWait(groupId, 'SIGKILL', KILL_TIMEOUT_MS))
  );
}

async function signalAndWait(groupId: number, signal: NodeJS.Signals, timeoutMs: number): Promise<boolean> {
  const due = performance.now() + timeoutMs;
  let ended = !signalGroup(groupId, signal);
  while (!ended && performance.now() < due) {
    await sleep(POLL_MS);
    ended = !signalGroup(groupId, 0) || !(await hasLivingMember(groupId));
  }
  return ended;
}

/** Signals a group; signal 0 only checks. @returns whether the group exists */
function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-groupId, signal);
  } catch (error) {
    // Any other error means that the group exists but may not be signalled.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Whether a process of the group runs. The group itself also exists while it contains a zombie. In a container
 * whose first process is not an init, zombies are never reaped, so every removal would take its full timeout.
 */
async function hasLivingMember(groupId: number): Promise<boolean> {
  if (identify(groupId)) return true;
  for (const member of (await readProcesses()).values()) {
    if (member.groupId === groupId && !member.isDead) return true;
  }
  return false;
}
