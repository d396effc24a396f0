import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { declareEngineRemoval } from './engines.ts';

/** `/containers`: another name of `DELETE /engines/{id}`, for older clients. */
export function containerRoutes(
  api: Api,
  dependencies: Pick<RouteDependencies, 'provisioner' | 'checkKey'>,
): void {
  declareEngineRemoval(api, dependencies);
}
