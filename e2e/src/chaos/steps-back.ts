import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultContext } from './fault.js';
import type { RoomPlaces } from './redis-site.js';

/** How long the crowd talks on into what will be lost, milliseconds. */
const LOST_STRETCH_MS = 2_000;
/** A link that was just cut is not noticed by anybody yet, milliseconds. */
const UNNOTICED_MS = 300;
/** What Redis has been sent is done by then, milliseconds. */
const SETTLED_MS = 100;
const RESTART_MS = 500;

/**
 * Tells the history checker with what Redis came back, once everybody has been shown what was on its way: nobody can accept anything
 * at this moment. On a busy machine somebody was shown a message after it had been lost, as if the line had gone on.
 */
async function stepBack({ crowd }: FaultContext, places: RoomPlaces, keepsAcked = false): Promise<void> {
  await crowd.hasBeenShownAll();
  const atMs = performance.now();
  for (const [roomId, { seq: keptSeq, epoch }] of places)
    if (crowd.roomIds.includes(roomId))
      crowd.checker.steppedBack({ roomId, keptSeq, epoch, atMs, keepsAcked });
}

/** Redis comes back with older files: a backup, or a power cut under `everysec`. */
export const rewindRedis: Fault = async (context) => {
  const { site, stack } = context.stack;
  site.proxy.freeze();
  await pause(SETTLED_MS);
  const places = await site.places(stack.redisPrefix);
  const copy = site.primary.copyFiles();
  site.proxy.thaw();
  await pause(LOST_STRETCH_MS);
  await site.primary.kill();
  site.primary.restoreFiles(copy);
  await pause(RESTART_MS);
  await stepBack(context, places);
  await site.primary.restart();
};

/** A replica that was behind is promoted; its old primary follows it, with all connections open. */
export const failOverRedis: Fault = async (context) => {
  const { site, stack } = context.stack;
  await site.haveReplica();
  await site.leaveReplicaBehind();
  await pause(LOST_STRETCH_MS);
  await site.failOver('replica', async () => stepBack(context, await site.places(stack.redisPrefix)));
};

/**
 * The primary is lost for good, right after its link to the replica was: what nobody could acknowledge may be gone, and
 * nothing else. Needs `PARLEY_ACK_REPLICAS=1`.
 */
export const losePrimary: Fault = async (context) => {
  const { site, stack } = context.stack;
  await site.haveReplica();
  await site.leaveReplicaBehind();
  await pause(UNNOTICED_MS);
  await site.primary.kill();
  await site.failOver('dead', async () => stepBack(context, await site.places(stack.redisPrefix), true));
  await site.haveReplica();
};
