import type { ErrorFrame, ServerFrame } from '@parley/protocol';
import { ClientError } from './client-error.js';

interface Request {
  readonly done: (frame: ServerFrame) => void;
  readonly failed: (error: ClientError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Requests on the present connection that wait for their reply, by `ref`. Calls back within `answer` and `refuse`. */
export class RequestTable {
  readonly #requests = new Map<number, Request>();
  #lastRef = 0;
  readonly #overdue: () => void;

  /** @param overdue - Called when a reply has not come in time. */
  constructor(overdue: () => void) {
    this.#overdue = overdue;
  }

  /** A number that no other frame of this client carries. */
  nextRef(): number {
    return ++this.#lastRef;
  }

  /** @param timeoutMs - After it, `failed` is called with a retryable `NO_ANSWER`. */
  expect(ref: number, timeoutMs: number, done: Request['done'], failed: Request['failed']): void {
    const timer = setTimeout(() => {
      this.#requests.delete(ref);
      failed(new ClientError('NO_ANSWER', true));
      this.#overdue();
    }, timeoutMs);
    this.#requests.set(ref, { done, failed, timer });
  }

  /** @returns Whether somebody waited for this reply; a late one is nobody's. */
  answer(ref: unknown, frame: ServerFrame): boolean {
    const request = this.#take(ref);
    request?.done(frame);
    return request !== undefined;
  }

  refuse(ref: unknown, frame: ErrorFrame): boolean {
    const request = this.#take(ref);
    request?.failed(ClientError.fromFrame(frame));
    return request !== undefined;
  }

  /** The connection is gone, and every reply with it. */
  failAll(error: ClientError): void {
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) clearTimeout(request.timer);
    for (const request of requests) request.failed(error);
  }

  #take(ref: unknown): Request | undefined {
    const request = this.#requests.get(ref as number);
    if (!request) return undefined;
    this.#requests.delete(ref as number);
    clearTimeout(request.timer);
    return request;
  }
}
