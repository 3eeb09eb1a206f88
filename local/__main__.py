"""`python -m local`: the embedded tier. Every subcommand imports what it needs only when it is chosen."""

from __future__ import annotations

import argparse
import sys


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description="The embedded tier of the event pipeline.")
    commands = parser.add_subparsers(dest="command", required=True)

    clickhouse = commands.add_parser("clickhouse", help="ClickHouse's HTTP interface over an embedded engine")
    clickhouse.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    clickhouse.add_argument("--port", type=int, required=True, help="port to listen on, 0 for a free one")
    clickhouse.add_argument("--data-dir", required=True, help="folder of the data; made when it is missing")

    arguments = parser.parse_args(argv)
    from local.clickhouse_server.server import main as clickhouse_main  # noqa: PLC0415 - the engine is half a gigabyte

    return clickhouse_main(host=arguments.host, port=arguments.port, data_dir=arguments.data_dir)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
