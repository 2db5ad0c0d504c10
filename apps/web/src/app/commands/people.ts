import { Op } from '@parley/protocol';
import type { ChatState, Member } from '../chat/threads/chat-state.js';
import { threadOf } from '../chat/threads/chat-state.js';
import { parseKey, type ThreadKey } from '../chat/threads/thread-key.js';

/** People of a thread, whom a name may mean: who is there, then who has written what is loaded. */
export function peopleOf(state: ChatState, key: ThreadKey): readonly Member[] {
  const { kind, id } = parseKey(key);
  const people = new Map<number, Member>();
  const add = ({ userId, userName }: Member) =>
    people.set(userId, people.get(userId) ?? { userId, userName });
  if (kind === 'room') state.present.get(id)?.members.forEach(add);
  for (const { op, fromUserId, fromUserName } of threadOf(state, key).timeline.messages)
    if (op !== Op.event) add({ userId: fromUserId, userName: fromUserName });
  for (const { peer } of state.conversations) if (kind === 'user') add(peer);
  return [...people.values()];
}

/** Who has this name, in any case; the exact one first. */
export function personNamed(people: readonly Member[], name: string): Member | undefined {
  const same = people.filter(({ userName }) => userName.toLowerCase() === name.toLowerCase());
  return same.find(({ userName }) => userName === name) ?? same[0];
}

/** The number of a message that a command means without naming it: the newest of all, the newest own one, or the newest pin. */
export function newestOf(
  state: ChatState,
  key: ThreadKey,
  me: number,
  which: 'any' | 'own' | 'pinned',
): number | undefined {
  const { id } = parseKey(key);
  if (which === 'pinned') return state.roomStates.get(id)?.pins.at(-1)?.seq;
  const { messages } = threadOf(state, key).timeline;
  const isMeant = ({ op, fromUserId, deleted }: (typeof messages)[number]) =>
    op !== Op.event && !deleted && (which === 'any' || fromUserId === me);
  return [...messages].reverse().find(isMeant)?.seq;
}
