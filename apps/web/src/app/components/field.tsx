import { useId, useState, type ComponentProps, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.js';
import { Button } from './button.js';
import styles from './field.module.css';
import { Icon } from './icon.js';

type Props = ComponentProps<'input'> & {
  readonly label: string;
  readonly hint?: string;
  readonly [data: `data-${string}`]: string | undefined;
};

function Labelled(props: {
  readonly id: string;
  readonly label: string;
  readonly hint: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles['field']}>
      <label className={styles['label']} htmlFor={props.id}>
        {props.label}
      </label>
      {props.children}
      {props.hint !== undefined && (
        <p id={`${props.id}-hint`} className={styles['hint']}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

/** An input with its label. */
export function TextField({ label, hint, ...rest }: Props) {
  const id = useId();
  return (
    <Labelled id={id} label={label} hint={hint}>
      <div className={styles['box']}>
        <input
          {...rest}
          id={id}
          className={styles['input']}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        />
      </div>
    </Labelled>
  );
}

/** Something that holds or does not. */
export function CheckField({ label, hint, ...rest }: Props) {
  const id = useId();
  return (
    <div className={styles['field']}>
      <label className={styles['check']} htmlFor={id}>
        <input
          {...rest}
          id={id}
          type="checkbox"
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        />
        {label}
      </label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className={styles['hint']}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** An input for a password, which can be shown. */
export function PasswordField({ label, hint, ...rest }: Props) {
  const id = useId();
  const t = useTexts();
  const [isShown, setShown] = useState(false);
  return (
    <Labelled id={id} label={label} hint={hint}>
      <div className={styles['box']}>
        <input
          {...rest}
          id={id}
          type={isShown ? 'text' : 'password'}
          className={`${styles['input']} ${styles['withButton']}`}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        />
        <Button
          look="icon"
          className={styles['button'] ?? ''}
          aria-label={isShown ? t.password.hide : t.password.show}
          aria-pressed={isShown}
          onClick={() => setShown(!isShown)}
        >
          <Icon name={isShown ? 'eyeOff' : 'eye'} />
        </Button>
      </div>
    </Labelled>
  );
}
