/** The process: the service or, with the argument `agent`, the agent of a node of a Docker Swarm. */
import { run } from './process.ts';

const isAgent = process.argv[2] === 'agent';
// Loaded on demand: an agent needs a small part of the modules.
const { start } = isAgent ? await import('./agent.ts') : await import('./serve.ts');
await run(start);
