import type { ParleyApi, ParleyClient } from '@parley/client';

/** What hosts may look up of a room: who is restricted, what was done, and deleted texts. */
export type RoomRecords = Pick<ParleyApi, 'restrictions' | 'audit' | 'original'>;

/** What hosts do at the door of a room: invitations, how it stands, and who waits to be let in. */
export type RoomDoor = Pick<
  ParleyApi,
  | 'createInvite'
  | 'invites'
  | 'withdrawInvite'
  | 'door'
  | 'changeDoor'
  | 'doorLog'
  | 'waiting'
  | 'admitWaiting'
  | 'denyWaiting'
>;

/** Calls when who waits to be let into a room may have changed: told by the server, or after a join. @returns Ends that. */
export function onLobby(client: Pick<ParleyClient, 'on'>, roomId: number, listener: () => void): () => void {
  const meant = (event: { readonly roomId: number }) => {
    if (event.roomId === roomId) listener();
  };
  const offs = [client.on('lobby', meant), client.on('joined', meant)];
  return () => offs.forEach((off) => off());
}
