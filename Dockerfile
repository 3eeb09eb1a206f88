# The image of the API and of the migration job: [project.dependencies] of pyproject.toml, at the versions and hashes of
# requirements.lock, on a slim Python, as a user without rights. `docker compose build` makes it.

# The full image has a C compiler, which gunicorn's HTTP parser (gunicorn-h1c, no wheels) needs; nothing of it reaches the second stage.
FROM python:3.13.15-trixie AS build
WORKDIR /build
COPY pyproject.toml requirements.lock ./
# There is one lock, for everything. Each of its packages names in `# via` what needs it, so what [project.dependencies] lead to can be
# picked out with its versions and hashes; the embedded tier, the benchmarks and the tests stay out. pip's own ways to do this (the lock as
# a constraint) depend on pip's version; in hash mode, as here, pip also refuses to install anything that was forgotten.
RUN <<'EOF' python3
import pathlib
import re

blocks = re.findall(r"^[a-z0-9].*\n(?: +.*\n)+", pathlib.Path("requirements.lock").read_text(), re.MULTILINE)
needs = {block.split("==")[0]: set(re.findall(r"^    #(?: via|  ) (\S.*)$", block, re.MULTILINE)) for block in blocks}
chosen = {"ugc (pyproject.toml)"}
while more := {name for name, parents in needs.items() if parents & chosen} - chosen:
    chosen |= more
pathlib.Path("runtime.lock").write_text("".join(block for block in blocks if block.split("==")[0] in chosen))
EOF
RUN python -m venv /venv \
    && /venv/bin/pip install --disable-pip-version-check --no-cache-dir --require-hashes --requirement runtime.lock \
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
