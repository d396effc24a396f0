FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are Node.js and Biome, which the base image has or which are not needed.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/compile.ts scripts/
COPY src src
RUN node --disable-warning=ExperimentalWarning scripts/compile.ts && npm run build:panel

FROM node:24.21.0-bookworm-slim AS service
# The last one is for the C library: see docs/architecture.md.
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data MALLOC_TRIM_THRESHOLD_=131072
# A new volume takes its owner from the folder on which it is first mounted.
# This user id is used for nothing else: files of the host's users are not readable for it.
RUN mkdir /data && chown 10001:10001 /data
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY --from=build /app/build build
COPY --from=build /app/dist/panel dist/panel
COPY openapi/examples.json openapi/
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "build/healthcheck.js"]
# The same flags as in `npm start`: see docs/architecture.md.
CMD ["node", "--min-semi-space-size=16", "--max-semi-space-size=32", "build/main.js"]

# With Chromium, for browser apps: see docs/browser-apps.md for its sandbox.
FROM service AS browser
USER root
RUN apt-get update \
  && apt-get install --yes --no-install-recommends chromium fonts-liberation \
  && rm -rf /var/lib/apt/lists/*
# The user has no home.
ENV HOME=/tmp
USER 10001:10001

# Without --target, the image has no Chromium.
FROM service
