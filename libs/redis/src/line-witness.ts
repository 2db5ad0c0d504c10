import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { RedisConnections } from './connections.js';
import type { EventBus } from './event-bus.js';
import { LineKnowledge } from './line-knowledge.js';
import { LINE_EVENT, type LineStore } from './line-store.js';

/** How often this process notes how far the shards have come, milliseconds. */
const NOTE_EVERY_MS = 2_000;

/**
 * Of a process that hands messages on without accepting them: what it has read was in Redis, whether or not its sender was
 * ever told. When Redis comes back it says how far the shards had come, and leaves the verdict to those who accept.
 *
 * @see docs/adr/0012-a-redis-that-steps-back.md
 */
export class LineWitness {
  /** Unlike an instance's name, never that of an earlier process. */
  private readonly life = randomBytes(9).toString('base64url');
  private readonly knowledge: LineKnowledge;
  private timer: NodeJS.Timeout | undefined;
  private noting: Promise<void> | undefined;

  constructor(
    private readonly store: LineStore,
    private readonly connections: RedisConnections,
    private readonly events: EventBus,
    private readonly onError: (error: unknown) => void = () => undefined,
  ) {
    this.knowledge = new LineKnowledge(store.shardCount);
  }

  async start(): Promise<void> {
    this.timer = setInterval(this.note, NOTE_EVERY_MS).unref();
    this.connections.main.on('ready', this.note);
    await this.events.subscribe(LINE_EVENT, z.object({}), this.note);
    this.note();
  }

  /** Takes note of an entry that was read, before anybody is given it. */
  saw(shard: number, streamId: string): void {
    // As of the last note: an entry of a generation that is younger counts for less than it might, never for more.
    this.knowledge.saw(shard, { generation: this.knowledge.at(shard).generation, streamId });
  }

  /** Leaves: nobody waits for what this process would say. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.connections.main.off('ready', this.note);
    this.timer = undefined;
    await this.store.forget(this.life);
  }

  private readonly note = (): void => {
    if (this.timer)
      this.noting ??= this.noteNow()
        .catch(this.onError)
        .finally(() => (this.noting = undefined));
  };

  private async noteNow(): Promise<void> {
    const lives = await this.store.beat(this.life);
    const surveys = await this.store.survey();
    const unproven = surveys.find(({ serverId, provenOn }) => serverId !== provenOn);
    if (unproven) return this.store.report(unproven.serverId, this.life, this.knowledge.toText());
    for (const survey of surveys) this.knowledge.saw(survey.shard, survey);
    this.knowledge.lives = new Set([this.life, ...Object.keys(lives)]);
  }
}
