import { useEffect } from 'react';
import { useObservable } from '../use-observable.js';
import { MessageMenu } from './message-menu.js';
import { Notices } from './notices.js';
import { OriginalDialog } from './original-dialog.js';
import { CalmDialog, PanicDialog } from './panic-dialog.js';
import { PersonDialog } from './person-dialog.js';
import { consoleRequest, type ConsoleRequest } from './requests.js';
import { SettingsDialog } from './settings-dialog.js';
import { WaitingDialog } from './waiting-dialog.js';
import { useRunner } from './use-acts.js';

/** What of the console is open in a room, and what became of acts. */
export function HostConsole({ roomId }: { readonly roomId: number }) {
  const runner = useRunner();
  const asked = useObservable(consoleRequest, (value) => value);
  const request = asked?.roomId === roomId ? asked : undefined;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!isUndoKey(event)) return;
      event.preventDefault();
      void runner.undoLast();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [runner]);
  return (
    <>
      <Notices isSilent={request !== undefined && request.what !== 'message'} />
      {request && <Requested key={keyOf(request)} request={request} />}
    </>
  );
}

/** By its place on the keyboard: with Alt some systems make another letter of it. */
const isUndoKey = ({ altKey, shiftKey, ctrlKey, metaKey, code }: KeyboardEvent): boolean =>
  altKey && shiftKey && !ctrlKey && !metaKey && code === 'KeyZ';

const keyOf = (request: ConsoleRequest): string =>
  `${request.what}:${'seq' in request ? request.seq : ''}:${'person' in request ? request.person.userId : ''}`;

function Requested({ request }: { readonly request: ConsoleRequest }) {
  const { roomId } = request;
  // Another one may be open by now.
  const onClose = () => {
    if (consoleRequest.get() === request) consoleRequest.set(undefined);
  };
  switch (request.what) {
    case 'message':
      return <MessageMenu request={request} onClose={onClose} />;
    case 'original':
      return <OriginalDialog roomId={roomId} seq={request.seq} onClose={onClose} />;
    case 'person':
      return <PersonDialog roomId={roomId} person={request.person} onClose={onClose} />;
    case 'settings':
      return <SettingsDialog roomId={roomId} onClose={onClose} />;
    case 'panic':
      return <PanicDialog roomId={roomId} onClose={onClose} />;
    case 'calm':
      return <CalmDialog roomId={roomId} onClose={onClose} />;
    case 'waiting':
      return <WaitingDialog roomId={roomId} onClose={onClose} />;
  }
}
