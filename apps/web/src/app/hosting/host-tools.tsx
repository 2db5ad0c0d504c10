import { isHost } from '@parley/protocol';
import { useEffect, type ComponentType } from 'react';
import { loadPart } from '../load-part.js';
import { Observable } from '../observable.js';
import { Retries } from '../retries.js';
import { useChat } from '../site/site-context.js';
import { useGivenUp } from '../use-given-up.js';
import { useObservable } from '../use-observable.js';
import type { Person } from './offers.js';
import { consoleRequest } from './requests.js';
import { useRoomState } from './use-room-state.js';

/** The part of the site that hosts alone need: loaded for them, and for who takes back an own message. */
interface ConsolePart {
  readonly HeaderTools: ComponentType<{ readonly roomId: number }>;
  readonly PanicBar: ComponentType<{ readonly roomId: number }>;
  readonly WaitingBar: ComponentType<{ readonly roomId: number }>;
  readonly HostConsole: ComponentType<{ readonly roomId: number }>;
  readonly PersonButton: ComponentType<{ readonly roomId: number; readonly person: Person }>;
}
const loaded = new Observable<ConsolePart | undefined>(undefined);

/** Whether this user is a host of a room, or of the whole site. */
function useIsHost(roomId: number): boolean {
  const { me } = useChat();
  const state = useRoomState(roomId);
  return state !== undefined && (isHost(state.role) || me.role === 'admin');
}

function useConsole(isWanted: boolean): ConsolePart | undefined {
  useEffect(() => {
    if (!isWanted || loaded.get()) return;
    const page = new AbortController();
    const load = () => loadPart(() => import('./console.js'));
    new Retries()
      .run(load, { signal: page.signal })
      .then((part) => loaded.set(part))
      // Tried again until nobody wants it.
      .catch(() => undefined);
    return () => page.abort();
  }, [isWanted]);
  return useObservable(loaded, (part) => part);
}

/** A host's buttons in the line above the messages; nothing for others. */
export function HostHeaderTools({ roomId }: { readonly roomId: number }) {
  const isShown = useIsHost(roomId);
  const part = useConsole(isShown);
  return isShown && part && <part.HeaderTools roomId={roomId} />;
}

/** Says to hosts that a panic is on, and takes it back; and that somebody waits to be let in. */
export function HostBars({ roomId }: { readonly roomId: number }) {
  const isShown = useIsHost(roomId);
  const part = useConsole(isShown);
  return (
    isShown &&
    part && (
      <>
        <part.PanicBar roomId={roomId} />
        <part.WaitingBar roomId={roomId} />
      </>
    )
  );
}

/** What may be done to a person, for hosts. */
export function HostPersonButton(props: { readonly roomId: number; readonly person: Person }) {
  const isShown = useIsHost(props.roomId);
  const part = useConsole(isShown);
  return isShown && part && <part.PersonButton {...props} />;
}

/** What lies over the page: menus and dialogs of the console, and what became of acts. */
export function HostConsole({ roomId }: { readonly roomId: number }) {
  const isAsked = useObservable(consoleRequest, (request) => request?.roomId === roomId);
  const isForHost = useIsHost(roomId);
  const part = useConsole(isForHost || isAsked);
  useEffect(() => () => consoleRequest.set(undefined), [roomId]);
  useGivenUp(isAsked && !part, () => consoleRequest.set(undefined));
  return part && <part.HostConsole key={roomId} roomId={roomId} />;
}
