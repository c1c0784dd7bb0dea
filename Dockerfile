# Built in one stage and run in another, so that neither pip's cache nor the build backend's leavings are shipped.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/cinebook
WORKDIR /source
# The libraries change less often than the code: a layer of their own.
COPY requirements-run.lock .
RUN /opt/cinebook/bin/pip install --no-deps --require-hashes -r requirements-run.lock
COPY pyproject.toml README.md LICENSE ./
COPY server server
COPY protocol protocol
COPY static static
RUN /opt/cinebook/bin/pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/cinebook cinebook \
    && install -d -o cinebook -g cinebook -m 700 /var/lib/cinebook
COPY --from=build /opt/cinebook /opt/cinebook
ENV PATH=/opt/cinebook/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CINEBOOK_HOST=0.0.0.0 \
    CINEBOOK_PORT=8000 \
    CINEBOOK_DATA_DIR=/var/lib/cinebook \
    CINEBOOK_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/cinebook
VOLUME /var/lib/cinebook
EXPOSE 8000
# Sent by `docker stop`: the server tells its clients where to go and ends.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["python", "-c", \
    "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"CINEBOOK_PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["cinebook"]
CMD ["serve"]
