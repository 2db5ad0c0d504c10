#!/bin/sh
# Makes what compose.yaml needs to be secret, once: what is there stays. Needs nothing but a shell.
set -eu
cd "$(dirname "$0")"
# The folder is its owner's alone. The files are not, because in a container somebody else reads them.
mkdir -p secrets
chmod 700 secrets
random() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }
make() {
  [ -s "secrets/$1" ] && return
  printf '%s\n' "$2" >"secrets/$1"
  chmod 644 "secrets/$1"
  echo "made docker/secrets/$1"
}
make jwt_secret "$(random 32)"
make admin_password "$(random 8)"
make redis_password "$(random 24)"
make postgres_password "$(random 24)"
make redis_url "redis://:$(cat secrets/redis_password)@redis:6379"
make database_url "postgres://parley:$(cat secrets/postgres_password)@postgres:5432/parley"
