# syntax=docker/dockerfile:1
# Platevault in a container. Build: docker build -t platevault .

# With a toolchain, because sqlite3 has no ready binary for every machine.
FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
COPY scripts ./scripts
COPY bin ./bin
RUN node scripts/build.cjs
# What the program needs at run time, and nothing else.
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
# Twelve threads with a pool of memory each keep much that nobody uses, and so do pictures between
# small things: what is large is given back at once.
ENV GLIBC_TUNABLES=glibc.malloc.arena_max=2:glibc.malloc.mmap_threshold=1048576:glibc.malloc.trim_threshold=2097152 \
  NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=8000 \
  DATA_DIR=/data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY bin ./bin
COPY scripts ./scripts
COPY config ./config
COPY views ./views
COPY public ./public
# A new volume takes over owner and mode of the folder it is mounted on. The frames are read by nginx,
# which is another user; what else there is, by nobody else.
RUN mkdir -m 700 /data && mkdir -m 755 /data/archive && chown node:node /data /data/archive \
  && ln -s /app/bin/platevault.cjs /usr/local/bin/platevault
USER node
VOLUME ["/data", "/data/archive"]
EXPOSE 8000
STOPSIGNAL SIGTERM
# Whether it lives: `/ready/` also fails while a disk is away, and starting anew would not bring it back.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=4", "bin/platevault.cjs", "serve"]
