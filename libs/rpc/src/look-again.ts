import type { Registry } from '@parley/registry';

/** What is waited for at most, milliseconds: Redis may be away. */
const LOOK_MS = 500;
/** After a look that found nobody the next one waits so long, milliseconds: a service that is down costs a read now and then. */
const AGAIN_AFTER_MS = 250;

/**
 * Reads the list of a service in which nobody is: it may be a moment old. A process that has just started has not heard of one that
 * has just become ready, and refuses nobody for that.
 */
export class LookAgain {
  private readonly looks = new Map<string, Promise<void>>();

  constructor(private readonly registry: Pick<Registry, 'refresh'>) {}

  /** Resolves when the list was read, or cannot be; all who ask meanwhile share one read. Never rejects. */
  at(service: string): Promise<void> {
    let look = this.looks.get(service);
    if (!look) {
      this.looks.set(service, (look = this.look(service)));
      void look.then(() => setTimeout(() => this.looks.delete(service), AGAIN_AFTER_MS).unref());
    }
    return look;
  }

  private look(service: string): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      this.registry.refresh(service).then(end, end);
    });
  }
}
