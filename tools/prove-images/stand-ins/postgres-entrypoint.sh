#!/bin/bash
# What the official image of Postgres does, as far as compose.yaml relies on it: the first start makes the cluster, the user
# and the database.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
data=${PGDATA:-/var/lib/postgresql/data}
mkdir -p "$data" /var/run/postgresql
chown -R postgres:postgres "$data" /var/run/postgresql
as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }
if [[ ! -s $data/PG_VERSION ]]; then
  chmod 700 "$data"
  install -m 600 -o postgres "${POSTGRES_PASSWORD_FILE:-/dev/null}" /tmp/password
  as_postgres "$bin/initdb" -D "$data" -U "$POSTGRES_USER" --pwfile=/tmp/password -E UTF8 --locale=C.UTF-8 --auth-host=scram-sha-256
  rm /tmp/password
  as_postgres "$bin/pg_ctl" -D "$data" -o "-c listen_addresses=''" -w start
  [[ $POSTGRES_DB == postgres ]] || as_postgres "$bin/createdb" -U "$POSTGRES_USER" "$POSTGRES_DB"
  as_postgres "$bin/pg_ctl" -D "$data" -m fast -w stop
  echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"
fi
exec setpriv --reuid postgres --regid postgres --init-groups "$bin/postgres" -D "$data" -c 'listen_addresses=*' "$@"
