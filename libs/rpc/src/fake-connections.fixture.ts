import type { RedisConnections } from '@parley/redis';
import { RedisKeys } from '@parley/redis';
import { EventEmitter } from 'node:events';

/** A subscriber that the test speaks for. */
export class FakeSubscriber extends EventEmitter {
  readonly commands: string[] = [];
  /** What a command waits for. */
  hold: Promise<unknown> = Promise.resolve();
  refuse: Error | undefined;

  subscribe(channel: string): Promise<unknown> {
    return this.run(`subscribe ${channel}`);
  }
  unsubscribe(channel: string): Promise<unknown> {
    return this.run(`unsubscribe ${channel}`);
  }
  disconnect(): void {
    this.commands.push('disconnect');
  }

  private async run(command: string): Promise<unknown> {
    this.commands.push(command);
    await this.hold;
    if (this.refuse) throw this.refuse;
    return 1;
  }
}

/** Connections of a process without Redis: what is published is kept, and the test says what comes in. */
export function fakeConnections() {
  const subscriber = new FakeSubscriber();
  const roles: string[] = [];
  /** In order: what was published, as `<channel> <text>`, and `ping`. */
  const main: string[] = [];
  const mainConnection = new EventEmitter();
  const answers = {
    receivers: 1 as number | Error,
    ping: Promise.resolve() as Promise<unknown>,
    /** Happens between a request and its answer. */
    meanwhile: () => undefined as unknown,
  };
  const connections = {
    createSubscriber: (role: string) => {
      roles.push(role);
      return subscriber;
    },
    main: Object.assign(mainConnection, {
      publish: (channel: string, text: string) => {
        main.push(`${channel} ${text}`);
        queueMicrotask(answers.meanwhile);
        return typeof answers.receivers === 'number'
          ? Promise.resolve().then(() => answers.receivers)
          : Promise.reject(answers.receivers);
      },
      ping: () => {
        main.push('ping');
        return answers.ping;
      },
    }),
  } as unknown as RedisConnections;
  const keys = new RedisKeys('t:', { shardCount: 1, shardOf: () => 0 });
  return { connections, keys, subscriber, roles, main, mainConnection, answers };
}
