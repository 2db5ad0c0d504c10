import { Button } from '../components/button.js';
import { Icon } from '../components/icon.js';
import styles from './hosting.module.css';
import type { Person } from './offers.js';
import { consoleRequest } from './requests.js';
import { useHostingTexts } from './words/use-hosting-texts.js';

/** Leads to what may be done to somebody. */
export function PersonButton({ roomId, person }: { readonly roomId: number; readonly person: Person }) {
  const t = useHostingTexts();
  const label = t.message.person(person.userName);
  return (
    <Button
      look="icon"
      className={styles['small'] ?? ''}
      aria-label={label}
      title={label}
      onClick={() => consoleRequest.set({ what: 'person', roomId, person })}
      data-testid="about-person"
    >
      <Icon name="dots" size={18} />
    </Button>
  );
}
