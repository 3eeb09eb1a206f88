"""The engine's own judgement: what its one user may do, and which settings keep the value that they have.

It holds where no look at a statement can: inside of views, and of what the engine puts together while it runs.
"""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final

from local.clickhouse_server.access.names import TABLE_ENGINES_INSIDE

_TEMPLATE: Final = Path(__file__).with_name("users.xml")

# All that there is, without sources, users and roles.
_PRIVILEGES: Final = (
    "SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, CHECK, BACKUP, KILL QUERY, "
    "KILL TRANSACTION, MOVE PARTITION BETWEEN SHARDS, ALLOW SQL SECURITY NONE, SHOW ACCESS, SYSTEM, dictGet, "
    "displaySecretsInShowAndSelect, INTROSPECTION, CLUSTER, KAFKA"
)
_INSIDE: Final = (
    f"GRANT {_PRIVILEGES} ON *.*",
    "GRANT SET DEFINER ON *",
    *(f"GRANT TABLE ENGINE ON {engine}" for engine in sorted(TABLE_ENGINES_INSIDE)),
)
_ALL: Final = ("GRANT ALL ON *.*",)
# What would end the process: the one on purpose, the others because this build of the engine aborts.
_NEVER: Final = ("REVOKE SYSTEM SHUTDOWN ON *.*", "REVOKE NAMED COLLECTION ADMIN ON *")

# Settings that name a file or an address, or hold SQL that no statement shows.
_FIXED: Final = (
    *("additional_result_filter", "additional_table_filters", "dialect", "format_avro_schema_registry_url"),
    *("format_schema_source", "format_template_resultset", "format_template_row"),
    *("input_format_record_errors_file_path", "output_format_schema", "parallel_replicas_custom_key"),
    *("rename_files_after_processing",),
)


def users_xml(*, may_reach_out: bool) -> str:
    """The engine's configuration of users."""
    grants = [*(_ALL if may_reach_out else _INSIDE), *_NEVER]
    # The text of a schema instead of the name of a file with one.
    profile = "" if may_reach_out else "<format_schema_source>string</format_schema_source>"
    constraints = "" if may_reach_out else "".join(f"<{name}><const/></{name}>" for name in _FIXED)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        grants="".join(f"<query>{grant}</query>" for grant in grants),
        constraints=f"{profile}<constraints>{constraints}</constraints>",
    )
