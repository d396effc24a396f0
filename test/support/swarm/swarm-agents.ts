import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Swarm } from './swarm.ts';
import type { SwarmNode } from './swarm-node.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const KEY = 'the-key-of-agents-and-orchestrators-in-tests';
const PORT = 8001;

/** The agent of one node, as a process in its network. */
export class AgentProcess {
  readonly #process: ChildProcess;
  #output = '';

  /**
   * @param keyFile defaults to the key of all other agents
   * @param isolated whether it sees no other processes, as in a container without mounts of the host's files
   */
  constructor(
    swarm: Swarm,
    node: SwarmNode,
    env: NodeJS.ProcessEnv,
    { keyFile = agentKeyFile(swarm), isolated = false }: { keyFile?: string; isolated?: boolean } = {},
  ) {
    const command = [
      `--net=${swarm.network.namespaceOf(node.number)}`,
      ...(isolated ? ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] : []),
      ...[process.execPath, MAIN, 'agent'],
    ];
    this.#process = spawn('nsenter', command, {
      env: {
        PATH: process.env.PATH,
        DOCKER_HOST: `unix://${node.socket}`,
        HOST: node.address,
        AGENT_PORT: String(PORT),
        AGENT_KEY_FILE: keyFile,
        ...env,
      },
    });
    this.#process.stderr!.on('data', (text) => {
      this.#output += text;
    });
  }

  /** Resolves when it listens. @throws Error if it has ended */
  async waitUntilListening(): Promise<void> {
    for await (const line of createInterface({ input: this.#process.stdout! }))
      if (line.includes('listening on')) return void this.#process.stdout!.resume();
    throw new Error(`the agent has ended: ${this.#output}`);
  }

  /** Stops or continues the process, which then hangs, as if it was cut off. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}

/** Starts an agent on each node. @param label CONTAINER_LABEL */
export async function startAgents(swarm: Swarm, label: string): Promise<AgentProcess[]> {
  const agents = swarm.nodes.map((node) => new AgentProcess(swarm, node, { CONTAINER_LABEL: label }));
  await Promise.all(agents.map((agent) => agent.waitUntilListening()));
  return agents;
}

/** Settings of an orchestrator for these agents. */
export function agentSettings(swarm: Swarm): NodeJS.ProcessEnv {
  return {
    SWARM_AGENTS: swarm.nodes.map(({ address }) => `${address}:${PORT}`).join(','),
    AGENT_KEY_FILE: agentKeyFile(swarm),
  };
}

function agentKeyFile(swarm: Swarm): string {
  const path = join(swarm.folder, 'agent-key');
  writeFileSync(path, KEY);
  return path;
}
