import type { ComponentProps } from 'react';
import styles from './button.module.css';

type Props = ComponentProps<'button'> & { readonly look: 'primary' | 'quiet' | 'icon' | 'text' };

/** A button. `icon` ones need an `aria-label`. */
export function Button({ look, className = '', type = 'button', ...rest }: Props) {
  return <button {...rest} type={type} className={`${styles['button']} ${styles[look]} ${className}`} />;
}
