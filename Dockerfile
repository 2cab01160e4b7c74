# ittybit in a container: docker build -t ittybit . && docker compose up. What the walls around media
# need there says docs/install.md.
ARG DEBIAN=bookworm

FROM debian:${DEBIAN}-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git
WORKDIR /src
COPY . .
RUN ./dev package

FROM debian:${DEBIAN}-slim
COPY --from=build /src/build/package/*.deb /opt/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /opt/*.deb \
    && rm -rf /opt/*.deb /var/lib/apt/lists/*
ENV ITTYBIT_LISTEN=0.0.0.0:8080 ITTYBIT_DATA=/var/lib/ittybit
USER ittybit
VOLUME /var/lib/ittybit
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ITTYBIT_API_URL=http://127.0.0.1:8080 ittybit health --quiet
ENTRYPOINT ["ittybit"]
CMD ["serve"]
