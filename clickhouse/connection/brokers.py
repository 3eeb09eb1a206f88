"""The Kafka address, which is pasted into the queue's DDL and is therefore checked first."""

from __future__ import annotations

import re

from clickhouse.connection.errors import UsageError

VARIABLE = "UGC_KAFKA_BOOTSTRAP"
_EXAMPLE = f"for instance {VARIABLE}=127.0.0.1:9092"
_BROKER = re.compile(r"(?P<host>[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_MAX_PORT = 65535


def parse_brokers(value: str | None) -> str:
    """`host:port[,host:port…]` as it goes into DDL, without spaces; UsageError when unset, empty or anything else."""
    if value is None or not value.strip():
        raise UsageError(f"{VARIABLE} is not set: give Kafka's address as host:port[,host:port], {_EXAMPLE}")
    brokers = [broker.strip() for broker in value.split(",")]
    for broker in brokers:
        match = _BROKER.fullmatch(broker)
        if match is None or not 0 < int(match["port"]) <= _MAX_PORT:
            raise UsageError(
                f"{VARIABLE}={value}: {broker!r} is no host:port with a port from 1 to {_MAX_PORT}, {_EXAMPLE}"
            )
    return ",".join(brokers)
