import type { ReactNode } from 'react';
import { Dialog, DialogContent } from '../components/dialog.js';
import { Notices } from './notices.js';

/** A dialog of the console: it scrolls, and says itself what became of acts, since nothing beside it is read aloud. */
export function ConsoleDialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly testId: string;
  readonly children: ReactNode;
}) {
  const { children, ...rest } = props;
  return (
    <Dialog {...rest}>
      <DialogContent>{children}</DialogContent>
      <Notices isInside />
    </Dialog>
  );
}
