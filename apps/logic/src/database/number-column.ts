/** Postgres gives `bigint` as text; every number of ours is a safe integer. */
export const numberColumn = {
  from: (value: string | number): number => Number(value),
  to: (value: number): number => value,
};
