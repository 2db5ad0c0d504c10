import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RoomUseService } from './room-use.service.js';
import type { RoomsRepository } from './rooms.repository.js';

function setUp() {
  const markUsed = vi.fn<RoomsRepository['markUsed']>(async () => undefined);
  return { markUsed, use: new RoomUseService({ markUsed } as unknown as RoomsRepository) };
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('RoomUseService', () => {
  it('writes each room once, however often it was used, and nothing when none was', async () => {
    const { markUsed, use } = setUp();
    await use.flush();
    expect(markUsed).not.toHaveBeenCalled();
    use.touch([1, 2, 1]);
    use.touch([2]);
    await use.flush();
    expect(markUsed.mock.calls.map(([ids]) => ids)).toEqual([[1, 2]]);
  });

  it('writes five hundred at a time, those that waited longest first', async () => {
    const { markUsed, use } = setUp();
    use.touch(range(1, 501));
    await use.flush();
    await use.flush();
    expect(markUsed.mock.calls.map(([ids]) => ids)).toEqual([range(1, 500), [501]]);
  });

  it('notes fifty thousand and no more while SQL is away, and writes them when it is back', async () => {
    const { markUsed, use } = setUp();
    markUsed.mockRejectedValueOnce(new Error('away'));
    use.touch(range(1, 50_001));
    await use.flush();
    for (let i = 0; i < 102; i++) await use.flush();
    const written = markUsed.mock.calls.slice(1).flatMap(([ids]) => ids);
    expect(new Set(written)).toEqual(new Set(range(1, 50_000)));
  });

  it('says when, and writes first what SQL could not take', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 12_345 });
    onTestFinished(() => void vi.useRealTimers());
    const { markUsed, use } = setUp();
    markUsed.mockRejectedValueOnce(new Error('away'));
    use.touch([1]);
    await use.flush();
    use.touch([2]);
    await use.flush();
    expect(markUsed.mock.calls).toEqual([
      [[1], 12_345],
      [[1, 2], 12_345],
    ]);
  });

  it('writes once at a time', async () => {
    const { markUsed, use } = setUp();
    let written: () => void = () => undefined;
    markUsed.mockImplementationOnce(() => new Promise((resolve) => (written = resolve)));
    use.touch([1]);
    const first = use.flush();
    use.touch([2]);
    expect(use.flush()).toBe(first);
    expect(markUsed).toHaveBeenCalledTimes(1);
    written();
    await first;
    await use.flush();
    expect(markUsed.mock.calls.map(([ids]) => ids)).toEqual([[1], [2]]);
  });

  it('writes every second while the process runs, and what is left when it ends', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { markUsed, use } = setUp();
    use.onModuleInit();
    use.touch([1]);
    await vi.advanceTimersByTimeAsync(999);
    expect(markUsed).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(markUsed).toHaveBeenCalledTimes(1);
    use.touch([2]);
    await use.onApplicationShutdown();
    expect(markUsed.mock.calls.map(([ids]) => ids)).toEqual([[1], [2]]);
    use.touch([3]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(markUsed).toHaveBeenCalledTimes(2);
  });
});
