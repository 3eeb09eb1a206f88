# The image of the API and of the migration job: [project.dependencies] of pyproject.toml, at the versions and hashes of
# requirements.lock, on a slim Python, as a user without rights. `docker compose build` makes it.

# The full image has a C compiler, which gunicorn's HTTP parser (gunicorn-h1c, no wheels) needs; nothing of it reaches the second stage.
FROM python:3.13.15-trixie AS build
WORKDIR /build
COPY pyproject.toml requirements.lock ./
# One lock for everything: the project's own dependencies are the requirements, the lock is the constraint. In hash mode pip takes
# version and hashes from a constraint, and refuses every package, also an indirect one, that has none there. Test, bench and embedded
# tier stay out because nothing here asks for them.
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > runtime.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --disable-pip-version-check --no-cache-dir --require-hashes --constraint requirements.lock --requirement runtime.txt \
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
# The file system is read-only at run time, so the byte code is made now.
RUN python -m compileall -q api clickhouse
USER 10001:10001
EXPOSE 9001
CMD ["python", "-m", "api"]
