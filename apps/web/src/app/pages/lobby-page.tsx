import type { Session } from '../account/stored-session.js';
import { Button } from '../components/button.js';
import { useWaiting } from '../door/use-waiting.js';
import { WaitingNotice } from '../door/waiting-notice.js';
import { useDoorTexts } from '../door/words/use-door-texts.js';
import { navigate } from '../routing/router.js';
import { useAccount } from '../site/site-context.js';
import { AuthPage } from './auth-page.js';

/** Where a guest waits until a host lets him in: then the room is here by itself. */
export function LobbyPage(props: { readonly session: Session; readonly roomId: number }) {
  const { session, roomId } = props;
  const t = useDoorTexts().lobby;
  const account = useAccount();
  const { state, leave } = useWaiting(session, roomId, (admitted) => {
    if (admitted.session) account.admitted(session, admitted.session);
  });
  const { invite } = session;
  const go = async () => {
    // At once for who goes; the place is free when the server has heard of it.
    const left = state === 'waiting' ? leave() : Promise.resolve();
    await left;
    account.logout();
    navigate(invite === undefined ? { page: 'login' } : { page: 'join', invite }, { replace: true });
  };
  return (
    <AuthPage title={t.title}>
      <WaitingNotice state={state} name={session.user.userName} roomName={session.roomName ?? t.theRoom}>
        <Button
          look={state === 'waiting' ? 'quiet' : 'primary'}
          onClick={() => void go()}
          data-testid="lobby-leave"
        >
          {state === 'waiting' ? t.leave : t.back}
        </Button>
      </WaitingNotice>
    </AuthPage>
  );
}
