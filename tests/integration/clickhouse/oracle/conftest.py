"""The views against the oracle: run by name, until the last view agrees with it.

Some views still tell something else than their words (docs/development.md lists which), so these tests are no part of
the suite: `UGC_TEST_ORACLE_SEEDS=1 .venv/bin/python -m pytest tests/integration/clickhouse/oracle` runs them.
"""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("UGC_TEST_ORACLE_SEEDS") else ["test_oracle.py", "test_way_in.py"]
