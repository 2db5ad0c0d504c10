import { MetricsRegistry, type PinoLogger } from '@parley/observability';
import {
  LINE_EVENT,
  LineKnowledge,
  type EventBus,
  type LinePosition,
  type LineStore,
  type RedisConnections,
  type RoomStore,
  type ShardSurvey,
} from '@parley/redis';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import type { LineLife, LineLivesRepository } from './line-lives.repository.js';
import { LineService } from './line.service.js';

const SHARDS = 2;
const at = (streamId: string, generation = '1.a'): LinePosition => ({ generation, streamId });
const never = () => new Promise<never>(() => undefined);

/** A service on a Redis that is proven, unless the test says otherwise; rooms are of shard `id % 2`. */
function setUp(rows: LineLife[] = []) {
  const done: string[] = [];
  const shards = [at('5-0'), at('5-0')];
  const server = { serverId: 's1', provenOn: 's1', nowMs: 7_000_000 };
  const beats: Record<string, string> = {};
  const said: Record<string, string> = {};
  let own = '';
  let reported = '';
  const survey = vi.fn<LineStore['survey']>(async () =>
    shards.map((position, shard): ShardSurvey => ({ shard, ...server, ...position, promoted: false })),
  );
  const store = {
    shardCount: SHARDS,
    shardOf: (roomId: number) => roomId % SHARDS,
    survey,
    beat: vi.fn<LineStore['beat']>(async (life) => {
      done.push('beat');
      beats[life] = String(Number(beats[life] ?? 0) + 1);
      return { ...beats };
    }),
    begin: vi.fn<LineStore['begin']>(async ({ shard }, generation) => {
      shards[shard] = at('0-0', generation);
      return true;
    }),
    prove: vi.fn<LineStore['prove']>(async ({ shard }, generation) => {
      shards[shard] = at(shards[shard]?.streamId ?? '', generation);
      if (shard === SHARDS - 1) server.provenOn = server.serverId;
      return true;
    }),
    report: async (_: string, life: string, text: string) => {
      reported = text;
      said[life] = text;
    },
    reports: async () => ({ ...said }),
    losesNothing: async () => true,
    forget: vi.fn<LineStore['forget']>(async (...lives) => void done.push(`forget ${names(lives)}`)),
  };
  const names = (lives: readonly string[]) => lives.map((life) => (life === own ? 'own' : life)).join();
  const lives = {
    save: vi.fn<LineLivesRepository['save']>(async (life, known, closed) => {
      own ||= life;
      done.push(`save ${closed ? 'closed' : 'open'} ${known.at(0).streamId}`);
    }),
    list: vi.fn<LineLivesRepository['list']>(async () => rows),
    remove: vi.fn<LineLivesRepository['remove']>(async (ended) => void done.push(`remove ${names(ended)}`)),
  };
  const main = new EventEmitter();
  const heard: { event?: () => void; appended?: (roomId: number, line: LinePosition) => void } = {};
  const warn = vi.fn();
  const metrics = new MetricsRegistry();
  const service = new LineService(
    stub<LineStore>('LineStore', store),
    stub<RoomStore>('RoomStore', { onAppended: (listener) => void (heard.appended = listener) }),
    stub<LineLivesRepository>('LineLivesRepository', lives),
    stub<RedisConnections>('RedisConnections', { main: main as unknown as RedisConnections['main'] }),
    stub<EventBus>('EventBus', {
      subscribe: (async (kind, _, onEvent) => {
        expect(kind).toBe(LINE_EVENT);
        heard.event = onEvent as () => void;
      }) as EventBus['subscribe'],
      publish: async (kind) => void done.push(`call ${kind}`),
    }),
    metrics,
    stub<PinoLogger>('PinoLogger', { warn }),
  );
  /** What it last said to a server that came back. */
  const known = () => LineKnowledge.parse(reported);
  /** Another life has said what it knows. */
  const say = (life: string) => void (said[life] = knowing('0-0').toText());
  return { service, done, shards, server, beats, store, lives, main, heard, warn, metrics, known, say };
}
const knowing = (streamId: string): LineKnowledge => {
  const knowledge = new LineKnowledge(SHARDS);
  knowledge.saw(0, at(streamId));
  return knowledge;
};
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('LineService', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is known in SQL before it accepts anything, and takes over what SQL knows', async () => {
    const { service, done, lives, server, known, say } = setUp([
      { life: 'open', closed: false, known: knowing('90-0') },
      { life: 'left', closed: true, known: undefined },
    ]);
    await service.onModuleInit();
    expect(done).toEqual(['save open 0-0']);
    expect(lives.save).toHaveBeenCalledBefore(lives.list);
    server.serverId = 's2';
    say('open');
    await service.noteNow();
    expect(known()?.at(0)).toEqual(at('90-0'));
    const [own] = lives.save.mock.calls[0] ?? [];
    expect(known()?.lives).toEqual(new Set([own, 'open']));
  });

  it('knows of every message that was appended, by its shard', async () => {
    const { service, server, heard, known } = setUp();
    heard.appended?.(4, at('8-0'));
    heard.appended?.(7, at('9-0'));
    server.serverId = 's2';
    await service.noteNow();
    expect([known()?.at(0), known()?.at(1)]).toEqual([at('8-0'), at('9-0')]);
  });

  it("notes how far the shards have come, who lives, and Redis's time", async () => {
    const { service, shards, server, beats, known, say } = setUp();
    beats['other'] = '4';
    await service.noteNow();
    expect(service.redisNowMs()).toBeCloseTo(7_000_000, 3);
    vi.advanceTimersByTime(250);
    expect(service.redisNowMs()).toBeCloseTo(7_000_250, 3);
    // Back with less: it is told so by what was noted.
    shards[0] = at('4-0');
    server.serverId = 's2';
    say('other');
    await service.noteNow();
    expect(known()?.at(0)).toEqual(at('5-0'));
    expect(known()?.lives).toContain('other');
  });

  it('ends the epochs of a shard that was judged without it, and says so', async () => {
    const { service, shards, store, warn, metrics } = setUp();
    await service.noteNow();
    expect([store.begin.mock.calls.length, warn.mock.calls.length]).toEqual([0, 0]);
    shards[1] = at('4-0');
    await service.noteNow();
    expect(store.begin.mock.calls).toMatchObject([[{ shard: 1 }, expect.stringMatching(/^2\../)]]);
    expect(warn).toHaveBeenCalledWith({ shards: 1, because: ['stepped-back'] }, expect.anything());
    expect(await metrics.metrics()).toContain('parley_line_verdicts_total{because="stepped-back"} 1');
    // Known from now on.
    await service.noteNow();
    expect(store.begin).toHaveBeenCalledTimes(1);
  });

  it('tells nothing of what another one has decided meanwhile', async () => {
    const { service, shards, store, warn } = setUp();
    await service.noteNow();
    shards[1] = at('4-0');
    store.begin.mockResolvedValueOnce(false);
    await service.noteNow();
    expect(warn).not.toHaveBeenCalled();
  });

  it('counts what it proved, and warns of nothing that is unbroken', async () => {
    const { service, server, done, warn, metrics } = setUp();
    server.serverId = 's2';
    await service.noteNow();
    expect(done).toContain('call line');
    expect(await metrics.metrics()).toContain(`parley_line_verdicts_total{because="unbroken"} ${SHARDS}`);
    expect(warn).not.toHaveBeenCalled();
  });

  it('notes once at a time, and again after a failure', async () => {
    const { service, store } = setUp();
    store.beat.mockRejectedValueOnce(new Error('away'));
    const both = await Promise.allSettled([service.noteNow(), service.noteNow()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(store.beat).toHaveBeenCalledTimes(1);
    await service.noteNow();
    expect(store.beat).toHaveBeenCalledTimes(2);
  });

  it('notes at the start, every two seconds, when Redis is back and when it is called; not once it ends', async () => {
    const { service, store, main, heard } = setUp();
    await service.onModuleInit();
    service.onApplicationBootstrap();
    await settle();
    const notes = () => store.beat.mock.calls.length;
    expect(notes()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(notes()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(notes()).toBe(2);
    main.emit('ready');
    await settle();
    heard.event?.();
    await settle();
    expect(notes()).toBe(4);
    await service.beforeApplicationShutdown();
    main.emit('ready');
    heard.event?.();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(notes()).toBe(4);
  });

  it('writes down what it knows every six seconds, when that has changed', async () => {
    const { service, done, heard, shards } = setUp();
    await service.onModuleInit();
    service.onApplicationBootstrap();
    const saves = () => done.filter((what) => what.startsWith('save'));
    await vi.advanceTimersByTimeAsync(5_999);
    expect(saves()).toEqual(['save open 0-0']);
    await vi.advanceTimersByTimeAsync(1);
    expect(saves()).toEqual(['save open 0-0', 'save open 5-0']);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(saves()).toHaveLength(2);
    heard.appended?.(0, (shards[0] = at('6-0')));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(saves().slice(2)).toEqual(['save open 6-0']);
    service.stopTimers();
  });

  // Taken for ended by the others, its row was removed, and it went on without one.
  it('writes it down again after it was away for so long that others may have taken it for ended', async () => {
    const { service, lives } = setUp();
    await service.noteNow();
    await service.save();
    await service.save();
    expect(lives.save).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(4_000);
    await service.noteNow();
    await service.save();
    expect(lives.save).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(4_001);
    await service.noteNow();
    await service.save();
    expect(lives.save).toHaveBeenCalledTimes(2);
  });

  it('tries again to write what SQL did not take', async () => {
    const { service, lives } = setUp();
    lives.save.mockRejectedValueOnce(new Error('locked'));
    await expect(service.save()).rejects.toThrow('locked');
    await service.save();
    expect(lives.save).toHaveBeenCalledTimes(2);
  });

  it('removes lives that have ended', async () => {
    const { service, done, beats } = setUp();
    await service.onModuleInit();
    service.onApplicationBootstrap();
    beats['ended'] = '4';
    await vi.advanceTimersByTimeAsync(18_000);
    expect(done.filter((what) => /^(forget|remove)/.test(what))).toEqual(['forget ended', 'remove ended']);
    service.stopTimers();
  });

  it('says in SQL that it has ended and what it saw, and only then leaves the list', async () => {
    const { service, done, heard } = setUp();
    await service.onModuleInit();
    heard.appended?.(0, at('8-0'));
    await service.beforeApplicationShutdown();
    expect(done.slice(1)).toEqual(['save closed 8-0', 'forget own']);
  });

  it('ends also when SQL and Redis do not answer', async () => {
    const { service, lives, store } = setUp();
    lives.save.mockImplementation(never);
    store.forget.mockRejectedValue(new Error('away'));
    const ending = service.beforeApplicationShutdown();
    await vi.advanceTimersByTimeAsync(1_000);
    await ending;
    expect(store.forget).toHaveBeenCalledTimes(1);
  });

  describe('proven', () => {
    it('is once every shard is proven on the server that answers, for all who wait at once', async () => {
      const { service, server, store } = setUp();
      server.serverId = 's2';
      await Promise.all([service.proven(), service.proven()]);
      expect(store.prove).toHaveBeenCalledTimes(SHARDS);
      expect(server.provenOn).toBe('s2');
    });

    it('is to be done again when a single shard is found that is not', async () => {
      const { service, server, store } = setUp();
      const [first, second] = await store.survey();
      store.survey.mockResolvedValueOnce([first!, { ...second!, provenOn: 's0' }]);
      store.survey.mockResolvedValueOnce([first!, { ...second!, provenOn: 's0' }]);
      await service.noteNow();
      expect(store.prove.mock.calls.map(([{ shard }]) => shard)).toEqual([1]);
      expect(server.provenOn).toBe('s1');
    });

    it('knows Redis’s time from the start, if only by the clock of its machine', () => {
      // The process has run for a while.
      vi.advanceTimersByTime(60_000);
      vi.setSystemTime(1_764_000_000_000);
      expect(setUp().service.redisNowMs()).toBe(1_764_000_000_000);
    });

    it('is UNAVAILABLE when Redis does not answer, and when it takes too long', async () => {
      const { service, store } = setUp();
      store.survey.mockRejectedValueOnce(new Error('away'));
      await expect(service.proven()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      store.survey.mockImplementation(never);
      const late = expect(service.proven()).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        retryAfterMs: 1_000,
      });
      let ended = false;
      void late.finally(() => (ended = true));
      await vi.advanceTimersByTimeAsync(4_499);
      expect(ended).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await late;
    });

    it('does not wait for SQL longer than a second', async () => {
      const { service, server, lives } = setUp();
      server.serverId = 's2';
      lives.list.mockImplementation(never);
      const proven = service.proven();
      await vi.advanceTimersByTimeAsync(1_000);
      await proven;
    });
  });

  describe('beginAll', () => {
    it('ends every epoch once, and voids logs when it is told to', async () => {
      const { service, store } = setUp();
      store.begin.mockResolvedValueOnce(false);
      await service.beginAll({ voidLogs: true });
      expect(
        store.begin.mock.calls.map(([{ shard }, generation, voidLogs]) => [shard, generation, voidLogs]),
      ).toEqual([
        [0, expect.stringMatching(/^2\../), true],
        [1, expect.stringMatching(/^2\../), true],
        [0, expect.stringMatching(/^2\../), true],
      ]);
      // Noted at once: nobody takes it for a step back.
      expect(store.beat).toHaveBeenCalledTimes(1);
      await service.noteNow();
      expect(store.begin).toHaveBeenCalledTimes(3);
      await service.beginAll({ voidLogs: false });
      expect(store.begin.mock.lastCall?.[2]).toBe(false);
    });

    it('gives up after twenty tries', async () => {
      const { service, store } = setUp();
      store.begin.mockResolvedValue(false);
      await expect(service.beginAll({ voidLogs: false })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(store.begin).toHaveBeenCalledTimes(20 * SHARDS);
    });
  });
});
