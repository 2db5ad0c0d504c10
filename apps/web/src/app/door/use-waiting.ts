import { ParleyClient, rotating, webSocketTransport } from '@parley/client';
import { CloseCode, type WaitingState } from '@parley/protocol';
import { useEffect, useEffectEvent, useState } from 'react';
import type { Session } from '../account/stored-session.js';
import { serverApi } from '../server-api.js';
import { useAccount, useSite } from '../site/site-context.js';
import { useObservable } from '../use-observable.js';

/** How it stands with who waits to be let into a room, and the way to give that up. */
export interface WaitingPlace {
  readonly state: WaitingState['state'];
  /** Since when, milliseconds since 1970; undefined before the server has said so. */
  readonly since: number | undefined;
  readonly leave: () => Promise<void>;
}

/** Waits to be let into a room as long as it is shown, over every reconnect. @param onAdmitted - Told once. */
export function useWaiting(
  session: Session,
  roomId: number,
  onAdmitted: (state: WaitingState) => void,
): WaitingPlace {
  const account = useAccount();
  const site = useSite();
  const endpoints = useObservable(site.state, (value) =>
    value.phase === 'ready' ? value.server.endpoints : undefined,
  );
  const [place, setPlace] = useState<Pick<WaitingState, 'state' | 'since'>>({ state: 'waiting' });
  const admitted = useEffectEvent(onAdmitted);

  useEffect(() => {
    if (!endpoints) return;
    const client = new ParleyClient({
      transport: webSocketTransport(rotating(endpoints.wsUrls)),
      getToken: () => session.token,
    });
    client.on('waiting', (frame) => {
      if (frame.state === 'admitted') admitted(frame);
      else setPlace(frame);
    });
    client.on('ended', ({ code }) => {
      if (code === CloseCode.sessionRevoked) account.end(session, 'revoked');
      else if (code === CloseCode.unauthenticated) account.end(session, 'expired');
    });
    client.connect();
    client.waitFor(roomId);
    // A phone that was put away, and comes back.
    const page = new AbortController();
    const wake = () => client.probe();
    window.addEventListener('online', wake, { signal: page.signal });
    document.addEventListener('visibilitychange', wake, { signal: page.signal });
    return () => {
      page.abort();
      void client.close();
    };
  }, [account, endpoints, roomId, session]);

  const leave = async () => {
    if (!endpoints) return;
    const api = serverApi(endpoints.apiUrl, () => session.token);
    // Out of reach: the place is lost soon by itself.
    await api.leaveWaiting(roomId).catch(() => undefined);
  };
  return { state: place.state, since: place.since, leave };
}
