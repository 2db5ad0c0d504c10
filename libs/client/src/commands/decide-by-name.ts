import type { Decided } from '@parley/protocol';
import type { ParleyApi } from '../parley-api.js';

/**
 * Lets in who waits, or does not, as a command says it.
 *
 * @param whom - A name, whatever its case, or `all`.
 * @returns Undefined when nobody of that name waits.
 * @throws {ApiError}
 */
export async function decideByName(
  api: Pick<ParleyApi, 'waiting' | 'admitWaiting' | 'denyWaiting'>,
  roomId: number,
  { admit, whom }: { readonly admit: boolean; readonly whom: string },
): Promise<Decided | undefined> {
  const decide = (people: readonly number[] | 'all') =>
    admit ? api.admitWaiting(roomId, people) : api.denyWaiting(roomId, people);
  if (whom.toLowerCase() === 'all') return decide('all');
  const wanted = whom.toLowerCase();
  for (let after: number | undefined; ;) {
    const page = await api.waiting(roomId, after === undefined ? {} : { after });
    const person = page.people.find(({ userName }) => userName.toLowerCase() === wanted);
    if (person) return decide([person.userId]);
    after = page.people.at(-1)?.userId;
    if (!page.more || after === undefined) return undefined;
  }
}
