import { Dialog } from '../components/dialog.js';
import { useTexts } from '../i18n/texts.js';
import styles from './dialogs.module.css';

const isMac = /mac/i.test(navigator.platform);
const command = isMac ? '⌘' : 'Ctrl';
const option = isMac ? '⌥' : 'Alt';

/** Which keys do what. */
export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  const keys: readonly (readonly [string, string])[] = [
    [`${command} + K`, t.keys.switcher],
    [`${option} + Shift + ↓ / ↑`, t.keys.nextUnread],
    ['Page Up / Page Down', t.keys.page],
    ['Enter', t.keys.send],
    ['Shift + Enter', t.keys.newLine],
    [`${option} + ↑ / ↓`, t.keys.message],
    ['. / Enter', t.keys.menu],
    [`${option} + Shift + P`, t.keys.panic],
    [`${option} + Shift + Z`, t.keys.undo],
    ['Esc', t.keys.close],
    [`${command} + /`, t.keys.help],
  ];
  return (
    <Dialog title={t.keys.title} onClose={onClose} testId="keys">
      <dl className={styles['keys']}>
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>{does}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
