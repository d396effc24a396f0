/** Which nodes of a Swarm may run engines. */
export interface Placement {
  /** Such as `node.labels.engines==true`. */
  constraints: readonly string[];
  /** Labels over whose values engines are distributed evenly, such as `node.labels.zone`. */
  spread: readonly string[];
}

const CONSTRAINT =
  /^(node\.(id|hostname|role|platform\.(os|arch)|labels\.[\w.-]+)|engine\.labels\.[\w.-]+)\s*(==|!=)\s*[\w.:-]+$/;
const SPREAD = /^spread=((node|engine)\.labels\.[\w.-]+)$/;

/**
 * Parses constraints and preferences separated by commas.
 * @throws Error for anything else
 * @see https://docs.docker.com/reference/cli/docker/service/create/#constraint
 */
export function parsePlacement(text: string): Placement {
  const terms = text.split(',').map((term) => term.trim());
  const spread = terms.flatMap((term) => SPREAD.exec(term)?.[1] ?? []);
  const constraints = terms.filter((term) => CONSTRAINT.test(term));
  if (spread.length + constraints.length === terms.length) return { constraints, spread };
  throw new Error(
    'must be terms separated by commas, such as node.labels.engines==true or spread=node.labels.zone',
  );
}

/** Parses a number of cores. @throws Error unless it is between 0.01 and 1024 */
export function parseCores(text: string): number {
  const cores = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (cores >= 0.01 && cores <= 1024) return cores;
  throw new Error('must be a number of cores from 0.01 to 1024, such as 1.5');
}

/** Parses `host:port` terms separated by commas. @throws Error for anything else, such as a URL */
export function parseAgents(text: string): string[] {
  const agents = text.split(',').map((agent) => agent.trim());
  const isAgent = (agent: string) => {
    const port = Number(/^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(agent)?.[1] ?? 0);
    return port >= 1 && port <= 65_535;
  };
  if (agents.every(isAgent)) return agents;
  throw new Error('must be host:port separated by commas, such as tasks.agent:8001');
}
