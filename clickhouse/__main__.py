"""`python -m clickhouse`: migrations, views and the DBA's tools."""

from __future__ import annotations

import sys

from clickhouse.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
