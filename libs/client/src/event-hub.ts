import type { ClientEvents } from './client-events.js';

type Listener<E extends keyof ClientEvents> = (payload: ClientEvents[E]) => void;

/** Typed events. A listener's error is reported as uncaught, as `EventTarget` does, and stops nobody else. */
export class EventHub {
  readonly #listeners = new Map<keyof ClientEvents, Set<Listener<never>>>();

  /** @returns A function that removes this listener. */
  on<E extends keyof ClientEvents>(event: E, listener: Listener<E>): () => void {
    let listeners = this.#listeners.get(event);
    if (!listeners) this.#listeners.set(event, (listeners = new Set()));
    // A wrapper per call: the same function may listen twice and each removal takes away one.
    const own: Listener<E> = (payload) => listener(payload);
    listeners.add(own as Listener<never>);
    return () => void listeners.delete(own as Listener<never>);
  }

  emit<E extends keyof ClientEvents>(event: E, payload: ClientEvents[E]): void {
    const listeners = this.#listeners.get(event) as Set<Listener<E>> | undefined;
    if (!listeners) return;
    // Who begins to listen meanwhile hears the next one; who has ceased to hears nothing more.
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        listener(payload);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
