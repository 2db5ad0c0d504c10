import { AppError } from '@parley/protocol';
import type { Instance } from './registry.js';

/** What a newcomer is told when its service has as many live instances as it may have. */
export function registryFull({ service, instanceId }: Instance, maxInstances: number): AppError {
  // The cause is what the operator reads when the process does not start.
  const cause = new Error(`the registry has ${maxInstances} live instances of ${service}, and takes no more`);
  return new AppError('OVERLOADED', { cause, context: { service, instanceId, maxInstances } });
}
