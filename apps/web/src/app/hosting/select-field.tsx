import { useId } from 'react';
import styles from './hosting.module.css';

/** A choice with its label. `options`: value and text. */
export function SelectField<V extends string>(props: {
  readonly label: string;
  readonly value: V;
  readonly onChange: (value: V) => void;
  readonly options: readonly (readonly [V, string])[];
  readonly testId: string;
}) {
  const id = useId();
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value as V)}
        data-testid={props.testId}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
