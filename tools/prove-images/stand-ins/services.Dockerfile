# Stands in for redis, postgres and caddy where no registry of images can be reached: Debian's own packages, and what of
# the official images' manners compose.yaml relies on (`postgres`: POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD_FILE).
ARG NODE_IMAGE
FROM ${NODE_IMAGE}
RUN apt-get update -qq && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server postgresql caddy && \
    rm -rf /var/lib/apt/lists/* /var/lib/postgresql/15 /etc/redis && \
    usermod --shell /bin/bash postgres
COPY postgres-entrypoint.sh /usr/local/bin/postgres-entrypoint.sh
