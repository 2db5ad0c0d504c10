import { useObservable } from '../use-observable.js';
import { openDialog } from '../open-dialog.js';
import { KeysHelp } from './keys-help.js';
import { Switcher } from './switcher.js';

const close = () => openDialog.set(undefined);

/** The dialog that is open. */
export function Dialogs() {
  const open = useObservable(openDialog, (value) => value);
  return (
    <>
      {open === 'switcher' && <Switcher onClose={close} />}
      {open === 'keys' && <KeysHelp onClose={close} />}
    </>
  );
}
