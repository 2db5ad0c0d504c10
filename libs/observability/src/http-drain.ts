import type { FastifyInstance } from 'fastify';

/** Longest wait for requests in hand once no new connection is accepted, milliseconds. */
const requestWaitMs = 1_500;

/** Lets the requests in hand finish: Nest closes what they need (RPC, Redis) before it closes the HTTP server. */
export class HttpDrain {
  private open = 0;
  private draining = false;
  private onIdle: (() => void) | undefined;

  constructor(private readonly fastify: FastifyInstance) {
    fastify.addHook('onRequest', (_request, reply, done) => {
      this.open++;
      // A kept-alive connection would bring the next request to a process that is about to go.
      if (this.draining) reply.header('connection', 'close');
      done();
    });
    fastify.addHook('onResponse', (_request, _reply, done) => {
      this.open--;
      if (this.open === 0) this.onIdle?.();
      done();
    });
  }

  /** From now on answers ask their caller to connect elsewhere next time. */
  begin(): void {
    this.draining = true;
  }

  /** Accepts no more connections, and resolves when the requests in hand are answered, or after 1.5 s. */
  async finish(): Promise<void> {
    this.begin();
    if (this.fastify.server.listening) this.fastify.server.close();
    if (this.open === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
      timer = setTimeout(resolve, requestWaitMs);
    });
    clearTimeout(timer);
  }
}
