# The build has what it needs; the image has the bundle and Node alone.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY build.js tsconfig.json tsconfig.build.json ./
COPY build build
COPY fixtures fixtures
COPY src src
RUN node build.js && rm dist/*.map

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production WARUNG_HOST=0.0.0.0 WARUNG_DATA=/data/warung.json WARUNG_TLS_PORT=443?
COPY --from=build /app/package.json ./
COPY --from=build /app/dist dist
# /ca: where a compose file may share the CA's certificate, and nothing else.
RUN mkdir /data /ca && chown node:node /data /ca
USER node
VOLUME /data
EXPOSE 6262 443
# Often, and from the start on: who waits for it waits a second at most. Engines that know a start period ask seldom during it.
HEALTHCHECK --interval=1s --timeout=5s --retries=15 CMD node /app/dist/main.js ready
CMD ["node", "/app/dist/main.js"]
