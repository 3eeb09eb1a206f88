# The image of the API and of the migration job: [project.dependencies] of pyproject.toml, at the versions and hashes of
# requirements/api.lock, on a slim Python, as a user without rights. `docker compose build` makes it.

# Only what this stage installs reaches the second one. Every package comes as a wheel: no compiler, and no code is run to build one.
FROM python:3.13.15-slim-trixie AS build
WORKDIR /build
COPY requirements/api.lock ./
# In hash mode, as here, pip also refuses to install anything that was forgotten in the lock.
RUN python -m venv /venv \
    && /venv/bin/pip install --disable-pip-version-check --no-cache-dir --only-binary :all: --require-hashes --requirement api.lock \
    && /venv/bin/pip check \
    && /venv/bin/pip uninstall --yes --disable-pip-version-check pip

FROM python:3.13.15-slim-trixie
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 ugc && useradd --uid 10001 --gid ugc --no-create-home --shell /usr/sbin/nologin ugc
COPY --from=build /venv /venv
WORKDIR /app
COPY pyproject.toml ./
COPY api ./api
COPY clickhouse ./clickhouse
COPY common ./common
# The file system is read-only at run time, so the byte code is made now.
RUN python -m compileall -q api clickhouse common
USER 10001:10001
EXPOSE 9001
CMD ["python", "-m", "api"]
