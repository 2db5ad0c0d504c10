import { useState, type ComponentProps } from 'react';
import { Button } from '../components/button.js';
import styles from './hosting.module.css';
import { useHostingTexts } from './words/use-hosting-texts.js';

type Props = ComponentProps<typeof Button> & {
  readonly isBusy: boolean;
  readonly [data: `data-${string}`]: string | undefined;
};

/** A button that waits while something is under way. It keeps the focus: a disabled one would lose it. */
export function ActButton({ isBusy, onClick, ...rest }: Props) {
  return (
    <Button
      {...rest}
      aria-disabled={isBusy || undefined}
      onClick={(event) => (isBusy ? event.preventDefault() : onClick?.(event))}
    />
  );
}

/** A button that asks first. The answer that does nothing has the focus then. */
export function AskButton(props: {
  readonly label: string;
  readonly question: string;
  readonly isBusy: boolean;
  readonly onYes: () => void;
  readonly testId: string;
}) {
  const t = useHostingTexts();
  const [isAsking, setAsking] = useState(false);
  const { label, question, isBusy, testId } = props;
  if (!isAsking) {
    return (
      <ActButton look="quiet" isBusy={isBusy} onClick={() => setAsking(true)} data-testid={testId}>
        {label}
      </ActButton>
    );
  }
  return (
    <div className={styles['ask']} role="group" aria-label={question}>
      <p role="alert">{question}</p>
      <Button look="quiet" autoFocus onClick={() => setAsking(false)}>
        {t.cancel}
      </Button>
      <ActButton
        look="primary"
        isBusy={isBusy}
        onClick={() => {
          setAsking(false);
          props.onYes();
        }}
        data-testid={`${testId}-yes`}
      >
        {label}
      </ActButton>
    </div>
  );
}
