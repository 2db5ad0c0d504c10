import type { Session } from '../account/stored-session.js';
import { Button } from '../components/button.js';
import { navigate } from '../routing/router.js';
import { useWaiting } from './use-waiting.js';
import { WaitingNotice } from './waiting-notice.js';
import { useDoorTexts } from './words/use-door-texts.js';

/** Where somebody with an account waits to be let into a private room. */
export function AccountWaiting(props: {
  readonly session: Session;
  readonly roomId: number;
  readonly roomName: string;
  readonly onLeft: () => void;
}) {
  const { session, roomId, roomName, onLeft } = props;
  const t = useDoorTexts().lobby;
  const { state, leave } = useWaiting(session, roomId, () => navigate({ page: 'room', roomId }));
  const go = async () => {
    if (state === 'waiting') await leave();
    onLeft();
  };
  return (
    <WaitingNotice state={state} name={session.user.userName} roomName={roomName}>
      <Button
        look={state === 'waiting' ? 'quiet' : 'primary'}
        onClick={() => void go()}
        data-testid="lobby-leave"
      >
        {state === 'waiting' ? t.leave : t.back}
      </Button>
    </WaitingNotice>
  );
}
