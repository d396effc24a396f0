import type { RuntimeNode } from './runtime.ts';

const ABSENT = new Set(['lost', 'down', 'disconnected']);

/** Whether a node of a Swarm does not respond: lost, and then down when the managers detect it. */
export function isAbsent({ state }: Pick<RuntimeNode, 'state'>): boolean {
  return ABSENT.has(state);
}

/** Whether a node of a Swarm that should run engines does not respond. A drained one may be switched off. */
export function isMissed(node: Pick<RuntimeNode, 'state' | 'availability'>): boolean {
  return isAbsent(node) && node.availability !== 'drain';
}
