import type { WaitingList } from '@parley/protocol';
import { useEffect, useEffectEvent, useState } from 'react';
import { useChat } from '../site/site-context.js';
import { codeOf } from './act-runner.js';
import { useNewest } from '../use-newest.js';
import { useRoomState } from './use-room-state.js';

/** People go without a word: while somebody waits the list is read so often, milliseconds; it is a guess whether somebody does otherwise. */
const WHILE_SOMEBODY_WAITS_MS = 10_000;
const WHILE_NOBODY_WAITS_MS = 30_000;

/** Who waits to be let into a room, as far as it was read. */
export interface WaitingNow {
  readonly list: WaitingList | undefined;
  /** Why it could not be read last; what was read before stays. */
  readonly errorCode: string | undefined;
  readonly again: () => void;
}

/** Follows who waits in front of a room, for its hosts; of another room by another component. @param limit - People that are wanted by name. */
export function useWaitingList(roomId: number, limit: number): WaitingNow {
  const chat = useChat();
  const state = useRoomState(roomId);
  const isAsked = state !== undefined && (state.guestPolicy !== 'ALWAYS_ACCEPT' || state.panic);
  const [answer, setAnswer] = useState<{ list?: WaitingList; errorCode?: string }>({});
  const [round, setRound] = useState(0);
  // What was read while hosts were asked is of no use any more.
  const list = isAsked ? answer.list : undefined;
  const total = list?.total ?? 0;
  const newest = useNewest();
  const load = useEffectEvent(() => chat.door.waiting(roomId, { limit }));

  useEffect(() => chat.onLobby(roomId, () => setRound((before) => before + 1)), [chat, roomId]);
  useEffect(() => {
    // Where everybody comes in nobody waits.
    if (!isAsked) return;
    const shown = newest();
    load().then(
      (list) => shown() && setAnswer({ list }),
      (error: unknown) => shown() && setAnswer((before) => ({ ...before, errorCode: codeOf(error) })),
    );
  }, [newest, round, roomId, isAsked]);
  useEffect(() => {
    if (!isAsked && total === 0) return;
    const everyMs = total > 0 ? WHILE_SOMEBODY_WAITS_MS : WHILE_NOBODY_WAITS_MS;
    const timer = setInterval(() => setRound((before) => before + 1), everyMs);
    return () => clearInterval(timer);
  }, [isAsked, total]);
  return {
    list,
    errorCode: answer.errorCode,
    again: () => setRound((before) => before + 1),
  };
}
