"""`python -m local`: the embedded tier. Every subcommand imports what it needs only when it is chosen."""

from __future__ import annotations

import argparse
import os
import sys

from common.clickhouse import name_client
from common.environment import SettingsError


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="The embedded tier of the event pipeline.")
    commands = parser.add_subparsers(dest="command", required=True)

    up = commands.add_parser(
        "up",
        help="run everything that is not configured from outside, until Ctrl-C",
        description="Run broker, ClickHouse and API, watch them, and stop them in order on Ctrl-C or SIGTERM. "
        "UGC_KAFKA_BOOTSTRAP and UGC_CLICKHOUSE_URL name a broker and a ClickHouse to use instead of embedded ones.",
    )
    up.add_argument("--demo", action="store_true", help="send a small simulated day of traffic once everything is up")

    commands.add_parser("api", help="the API behind the gate of the embedded broker (started by `up`)")

    clickhouse = commands.add_parser("clickhouse", help="ClickHouse's HTTP interface over an embedded engine")
    clickhouse.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    clickhouse.add_argument("--port", type=int, required=True, help="port to listen on, 0 for a free one")
    clickhouse.add_argument("--data-dir", required=True, help="folder of the data; made when it is missing")
    clickhouse.add_argument(
        "--kafka-session-timeout-ms",
        type=int,
        default=6000,
        metavar="MS",
        help="silence after which a consumer counts as dead (default %(default)s, the least that Apache Kafka takes)",
    )
    for option, name, what in (
        ("--kafka-ca", "UGC_KAFKA_SSL_CA_LOCATION", "certificates that a broker's is checked with"),
        ("--kafka-certificate", "UGC_KAFKA_SSL_CERTIFICATE_LOCATION", "certificate for brokers that ask for one"),
        (
            "--kafka-key",
            "UGC_KAFKA_SSL_KEY_LOCATION",
            "key of it, opened by UGC_KAFKA_SSL_KEY_PASSWORD",
        ),
    ):
        default = os.environ.get(name) or None
        clickhouse.add_argument(option, default=default, metavar="FILE", help=f"{what} (default {name})")

    arguments = parser.parse_args(argv)
    if arguments.command == "up":
        from local.up import run  # noqa: PLC0415

        name_client()
        return run(demo=arguments.demo)
    if arguments.command == "api":
        from api.__main__ import main as api_main  # noqa: PLC0415

        return api_main([], app_uri="local.api_app:app")
    from local.clickhouse_server.config import KafkaClient  # noqa: PLC0415
    from local.clickhouse_server.server import main as clickhouse_main  # noqa: PLC0415 - half a gigabyte with its engine
    from local.clickhouse_server.settings import read_settings  # noqa: PLC0415

    try:
        settings = read_settings()
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    kafka = KafkaClient(
        session_timeout_ms=arguments.kafka_session_timeout_ms,
        # Whole paths: the process leaves the folder that it starts in.
        ca_location=arguments.kafka_ca and os.path.abspath(arguments.kafka_ca),  # noqa: PTH100 - None stays None
        certificate_location=arguments.kafka_certificate and os.path.abspath(arguments.kafka_certificate),  # noqa: PTH100
        key_location=arguments.kafka_key and os.path.abspath(arguments.kafka_key),  # noqa: PTH100
        key_password=os.environ.get("UGC_KAFKA_SSL_KEY_PASSWORD") or None,
    )
    return clickhouse_main(
        host=arguments.host, port=arguments.port, data_dir=arguments.data_dir, kafka=kafka, settings=settings
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
