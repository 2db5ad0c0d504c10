import { ApiError } from '@parley/client';
import { hidingOf, readEvent, type ActInput, type MessageRange } from '@parley/protocol';
import { useState } from 'react';
import type { ChatSession } from '../chat/chat-session.js';
import { serverClock } from '../server-clock.js';
import { useChat } from '../site/site-context.js';
import { ActRunner } from './act-runner.js';

const runners = new WeakMap<ChatSession, ActRunner>();

/** How often, and how long apart, milliseconds, the record is asked for an act that has just been done: it is written a moment later. */
const recordTries = { most: 8, apartMs: 500 } as const;

async function hiddenBy(chat: ChatSession, roomId: number, seq: number): Promise<MessageRange> {
  for (let tries = 0; tries < recordTries.most; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, recordTries.apartMs));
    const [line] = (await chat.records.audit(roomId, { before: seq + 1, limit: 1 })).lines;
    const event = line?.seq === seq ? readEvent(line.event) : undefined;
    const range = event && hidingOf(event)?.range;
    if (range) return range;
  }
  throw new ApiError(0, 'NOTHING_TO_UNDO', false);
}

/** Does the acts of a chat session. */
export function useRunner(): ActRunner {
  const chat = useChat();
  const runner =
    runners.get(chat) ??
    new ActRunner({
      act: (roomId, act) => chat.act(roomId, act),
      state: (roomId) => chat.state.get().roomStates.get(roomId),
      hiddenBy: (roomId, seq) => hiddenBy(chat, roomId, seq),
      held: async (roomId, userId) =>
        (await chat.records.restrictions(roomId)).filter((one) => one.userId === userId),
      nowMs: () => serverClock.nowMs(),
    });
  runners.set(chat, runner);
  return runner;
}

/** Does acts in one room, for one dialog or menu. */
export function useActs(roomId: number): {
  /** @returns Whether it was done. What became of it is told in any case. */
  readonly run: (act: ActInput, who?: string) => Promise<boolean>;
  /** An act that was asked for here is under way. What is done elsewhere keeps nobody waiting: its ack may come after its effect. */
  readonly isBusy: boolean;
} {
  const runner = useRunner();
  const [underWay, setUnderWay] = useState(0);
  const run = async (act: ActInput, who?: string) => {
    setUnderWay((count) => count + 1);
    try {
      return await runner.run(roomId, act, who);
    } finally {
      setUnderWay((count) => count - 1);
    }
  };
  return { run, isBusy: underWay > 0 };
}
