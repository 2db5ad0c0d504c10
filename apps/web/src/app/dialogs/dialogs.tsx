import { lazy, Suspense } from 'react';
import { useObservable } from '../use-observable.js';
import { openDialog } from '../open-dialog.js';

// Not needed for a first look at a room.
const Switcher = lazy(() => import('./switcher.js'));
const KeysHelp = lazy(() => import('./keys-help.js'));

const close = () => openDialog.set(undefined);

/** The dialog that is open, loaded when it is. */
export function Dialogs() {
  const open = useObservable(openDialog, (value) => value);
  return (
    <Suspense fallback={null}>
      {open === 'switcher' && <Switcher onClose={close} />}
      {open === 'keys' && <KeysHelp onClose={close} />}
    </Suspense>
  );
}
