# syntax=docker/dockerfile:1

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The lock first: this layer stays as long as the lock does. What builds us stays out of the image.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/gridpatrol \
 && /opt/gridpatrol/bin/pip install --require-hashes --only-binary :all: -r requirements.lock \
 && python -m venv /opt/tools \
 && /opt/tools/bin/pip install --require-hashes --only-binary :all: -r requirements-build.lock

COPY pyproject.toml README.md LICENSE ./
COPY api api
COPY migrations migrations
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
 && /opt/gridpatrol/bin/pip install --no-deps --no-index dist/*.whl \
 && /opt/gridpatrol/bin/python -m compileall -q /opt/gridpatrol/lib \
 && /opt/gridpatrol/bin/pip uninstall --yes --quiet pip


FROM python:3.11-slim-bookworm
RUN useradd --no-log-init --uid 10001 --user-group --no-create-home --home-dir /var/lib/gridpatrol gridpatrol \
 && install -d -o gridpatrol -g gridpatrol -m 0750 /var/lib/gridpatrol
COPY --from=build /opt/gridpatrol /opt/gridpatrol
ENV PATH=/opt/gridpatrol/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GRIDPATROL_HOME=/var/lib/gridpatrol \
    GRIDPATROL_HOST=0.0.0.0
USER gridpatrol
WORKDIR /var/lib/gridpatrol
VOLUME /var/lib/gridpatrol
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"GRIDPATROL_PORT\") or 8000}/readyz', timeout=4)"]
ENTRYPOINT ["gridpatrol"]
CMD ["serve"]
