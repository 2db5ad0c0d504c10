import type { AsideStream, RoomStore } from '@parley/redis';
import { describe, expect, it, vi } from 'vitest';
import type { AppendOutcome, Refusal } from '../archive/archive-writer.js';
import type { ArchiveRepository } from '../archive/archive.repository.js';
import { entry } from '../archive/entry.fixture.js';
import { stub } from '../testing/stub.js';
import { ArchiveService } from './archive.service.js';
import type { AsideAlarm } from './aside-alarm.service.js';

const refusal = (seq: number): Refusal => ({ entry: entry(seq), reason: 'refused', sqlCode: '23514' });

/** Says what is done, in order; each step waits for `held` when that is set. */
function setUp(outcome: Partial<AppendOutcome> = {}) {
  const done: string[] = [];
  const append = vi.fn(() => Promise.resolve({ aside: [], homeless: [], ...outcome }));
  const keep = vi.fn<AsideStream['keep']>(async (reason, kept) => {
    done.push(`keep ${reason} ${(kept as { seq: number }).seq}`);
  });
  const markArchived = vi.fn<RoomStore['markArchived']>(async (roomId, seq) => {
    done.push(`room ${roomId} up to ${seq}`);
  });
  const service = new ArchiveService(
    stub<ArchiveRepository>('ArchiveRepository', { append }),
    stub<AsideStream>('AsideStream', { keep }),
    stub<RoomStore>('RoomStore', { markArchived }),
    stub<AsideAlarm>('AsideAlarm', { raise: ({ entry: { seq } }) => void done.push(`alarm ${seq}`) }),
  );
  return { service, done, append, keep, markArchived };
}

describe('ArchiveService', () => {
  it('marks each room up to its highest number, in whatever order its messages come', async () => {
    const { service, done, append } = setUp();
    const batch = [entry(4), entry(9), entry(7), entry(3, { roomId: 2 }), entry(2, { roomId: 2 })];
    await service.append(batch);
    expect(append).toHaveBeenCalledWith(batch);
    expect(done).toEqual(['room 1 up to 9', 'room 2 up to 3']);
  });

  // Acknowledged before SQL had it: the log was trimmed, and the message was nowhere.
  it('marks nothing before SQL has all of it', async () => {
    let stored: () => void = () => undefined;
    const { service, done, append } = setUp();
    append.mockImplementationOnce(
      () => new Promise((resolve) => (stored = () => resolve({ aside: [], homeless: [] }))),
    );
    const appending = service.append([entry(1)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual([]);
    stored();
    await appending;
    expect(done).toEqual(['room 1 up to 1']);
  });

  it('marks nothing when SQL refuses, and says so', async () => {
    const { service, done, append } = setUp();
    append.mockRejectedValueOnce(new Error('locked'));
    await expect(service.append([entry(1)])).rejects.toThrow('locked');
    expect(done).toEqual([]);
  });

  it('raises an alarm for what was set aside, and marks it as archived', async () => {
    const { service, done } = setUp({ aside: [refusal(1), refusal(2)] });
    await service.append([entry(1), entry(2)]);
    expect(done).toEqual(['alarm 1', 'alarm 2', 'room 1 up to 2']);
  });

  it('keeps in Redis what SQL takes in no form, before it marks anything', async () => {
    const { service, done, keep } = setUp({ homeless: [refusal(2), refusal(3)] });
    await service.append([entry(1), entry(2), entry(3)]);
    expect(done).toEqual(['keep refused 2', 'alarm 2', 'keep refused 3', 'alarm 3', 'room 1 up to 3']);
    expect(keep.mock.calls[0]).toEqual(['refused', entry(2)]);
  });

  it('marks nothing when there is no room for it there', async () => {
    const { service, done, keep } = setUp({ homeless: [refusal(2)] });
    keep.mockRejectedValueOnce(new Error('full'));
    await expect(service.append([entry(1), entry(2)])).rejects.toThrow('full');
    expect(done).toEqual([]);
  });

  it('fails when Redis does not take the mark: the entries come again', async () => {
    const { service, markArchived } = setUp();
    markArchived.mockRejectedValueOnce(new Error('Redis is away'));
    await expect(service.append([entry(1)])).rejects.toThrow('Redis is away');
  });
});
