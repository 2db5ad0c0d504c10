import type { RedisConnection } from './connections.js';

/**
 * Why this server may lose what was acknowledged, each with the line that mends it.
 *
 * Reads `INFO` alone: many managed servers refuse `CONFIG`. What a server does not say counts as well.
 *
 * @param replicas - How many others have a message before its ack: with one, the append file is not what keeps it.
 * @returns Empty when nothing is missing.
 * @see docs/adr/0008-appendfsync-always.md
 */
export async function durabilityProblems(
  redis: Pick<RedisConnection, 'info'>,
  { replicas }: { readonly replicas: number },
): Promise<string[]> {
  const says = new Map(
    [await redis.info('memory'), await redis.info('persistence')]
      .join('\n')
      .split(/\r?\n/)
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
  );
  const problems: string[] = [];
  const policy = says.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    problems.push(
      `Redis removes keys when its memory is full (maxmemory-policy ${policy}): messages that were acknowledged would be gone. ` +
        'In redis.conf: maxmemory-policy noeviction; at once: redis-cli CONFIG SET maxmemory-policy noeviction',
    );
  if (says.get('aof_enabled') === '0' && replicas === 0)
    problems.push(
      'Redis has no append file: messages that were acknowledged are gone when it stops. In redis.conf: appendonly yes and ' +
        'appendfsync always; at once: redis-cli CONFIG SET appendonly yes. Or have replicas keep them: PARLEY_ACK_REPLICAS=1',
    );
  return problems;
}
