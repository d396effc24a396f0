import type { NodeInfo } from './replies.ts';

/** A node of the Swarm as its managers describe it. */
export interface SwarmNode {
  id: string;
  /** Its host name, which need not be unique. */
  name: string;
  /** Address at which the other nodes reach it. */
  address: string;
  /** As the managers see it: `ready`, `down`, `unknown` or `disconnected`. */
  state: string;
  /** `active`, `pause` or `drain`. */
  availability: string;
  role: 'manager' | 'worker';
  /** Whether it leads the managers. */
  isLeader: boolean;
  labels: Record<string, string>;
  /** Cores, or null if unknown. */
  cpus: number | null;
  /** Bytes, or null if unknown. */
  memory: number | null;
  /** Version of its Docker daemon, or null if unknown. */
  dockerVersion: string | null;
}

const UNUSABLE_ADDRESS = new Set(['', '0.0.0.0', '127.0.0.1', '::', '::1']);

/** Converts a listed node. */
export function readNode({ ID, Spec, Description, Status, ManagerStatus }: NodeInfo): SwarmNode {
  const { NanoCPUs, MemoryBytes } = Description?.Resources ?? {};
  // A manager may report its own address as 0.0.0.0.
  const managerHost = (ManagerStatus?.Addr ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const address = Status?.Addr ?? '';
  return {
    id: ID,
    name: Description?.Hostname || ID,
    address: UNUSABLE_ADDRESS.has(address) && managerHost !== '' ? managerHost : address,
    state: Status?.State || 'unknown',
    availability: Spec.Availability || 'active',
    role: Spec.Role === 'manager' ? 'manager' : 'worker',
    isLeader: ManagerStatus?.Leader === true,
    labels: Spec.Labels ?? {},
    cpus: NanoCPUs ? NanoCPUs / 1e9 : null,
    memory: MemoryBytes ?? null,
    dockerVersion: Description?.Engine?.EngineVersion ?? null,
  };
}
