import { useTexts } from '../i18n/texts.js';
import styles from './composer.module.css';

/** At these numbers of characters left, and too many, it is said to who does not see it: not with each key. */
const steps = [0, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000] as const;

/** The number that is said of so many characters left; of too many, one that is not more than they are. */
export function spokenLeft(left: number): number {
  if (left >= 0) return steps.find((step) => step >= left) ?? left;
  return -Math.max(1, ...steps.filter((step) => step <= -left));
}

/** How many characters may still be written, or are too many. */
export function LeftNote({ left }: { readonly left: number }) {
  const t = useTexts().composer;
  const textOf = (number: number) => (number >= 0 ? t.left(number) : t.over(-number));
  return (
    <>
      <span className={styles['count']} aria-hidden data-over={left < 0 || undefined} data-testid="counter">
        {textOf(left)}
      </span>
      <span className="visually-hidden" role="status" data-testid="counter-spoken">
        {textOf(spokenLeft(left))}
      </span>
    </>
  );
}
