import styles from './skeleton.module.css';

/** Stands where messages will be. */
export function MessagesSkeleton({ label }: { readonly label: string }) {
  return (
    <div className={styles['list']} role="status" aria-label={label}>
      {Array.from({ length: 7 }, (_, i) => (
        <div key={i} className={styles['row']}>
          <span className={styles['dot']} />
          <span className={styles['bar']} />
        </div>
      ))}
    </div>
  );
}

/** Stands where the entries of a list will be. */
export function LinesSkeleton({ label }: { readonly label: string }) {
  return (
    <div role="status" aria-label={label}>
      {Array.from({ length: 3 }, (_, i) => (
        <div key={i} className={styles['line']} />
      ))}
    </div>
  );
}
