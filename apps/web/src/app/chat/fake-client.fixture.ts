import type { ClientEvents, ParleyClient, SendResult } from '@parley/client';
import type { ActInput } from '@parley/protocol';

/** A connection that does what the test says. */
export class FakeClient {
  state: ParleyClient['state'] = 'idle';
  readonly joined: number[] = [];
  readonly sends: Array<{ to: string; text: string; clientMsgId: string; settle(result: SendResult): void }> =
    [];
  readonly #listeners = new Map<string, Set<(payload: never) => void>>();

  on(event: string, listener: (payload: never) => void) {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }
  emit<E extends keyof ClientEvents>(event: E, payload: ClientEvents[E]) {
    for (const listener of this.#listeners.get(event) ?? []) listener(payload as never);
  }
  connect() {
    this.state = 'online';
    this.emit('state', { state: 'online' });
  }
  probe = () => undefined;
  close = async () => undefined;
  leave = async () => undefined;
  readonly acts: [roomId: number, act: ActInput][] = [];
  act = async (roomId: number, act: ActInput) => void this.acts.push([roomId, act]);
  readonly reads: [roomId: number, seq: number][] = [];
  watch = () => undefined;
  markRead = (roomId: number, seq: number) => void this.reads.push([roomId, seq]);
  join(roomId: number) {
    this.joined.push(roomId);
    return new Promise<never>(() => undefined);
  }
  send = (roomId: number, text: string, options: { clientMsgId: string }) =>
    this.#send(`room:${roomId}`, text, options.clientMsgId);
  sendDirect = (userId: number, text: string, options: { clientMsgId: string }) =>
    this.#send(`user:${userId}`, text, options.clientMsgId);
  #send(to: string, text: string, clientMsgId: string) {
    let settle: (result: SendResult) => void = () => undefined;
    const result = new Promise<SendResult>((resolve) => (settle = resolve));
    this.sends.push({ to, text, clientMsgId, settle });
    return { clientMsgId, result };
  }
}
