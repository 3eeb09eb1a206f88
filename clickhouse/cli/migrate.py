"""`migrate`: pending migrations, the queue's brokers, the terms of retention, and views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, states
from clickhouse.connection.client import connected
from clickhouse.queue import consumer
from clickhouse.schema import retention, runner, views
from common.names import ANALYTICS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "migrate"
HELP: Final = "apply pending migrations, then make the views equal to their files"


def add_arguments(parser: ArgumentParser) -> None:
    options.add_wait(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the SQL instead, with secrets masked")
    parser.add_argument("--to", type=options.version, metavar="VERSION", help="apply none above this one")
    parser.add_argument("--lock", action="store_true", help="let two runs wait for each other; needs Keeper")
    parser.add_argument(
        "--recreate-queue", action="store_true", help="create the queue again, as after a change of Kafka's password"
    )


def run(arguments: Namespace, settings: Settings) -> int:
    """Check the address of Kafka before waiting for ClickHouse."""
    runner.variables(settings)
    files = views.load()
    with connected(settings, arguments.wait) as client:
        waiting = runner.pending(settings, to_version=arguments.to)
        if arguments.dry_run:
            return _tell_plan(waiting, views.plan(client, files))
        applied = runner.migrate(settings, to_version=arguments.to, lock=arguments.lock)
        for name in applied:
            print(f"applied {name}")
        statement = runner.queue_statement(settings)
        moved = consumer.follow_brokers(client, statement, recreate=arguments.recreate_queue)
        if moved:
            print(moved)
        for table in retention.follow(client, settings):
            print(f"ugc.{table} has a new retention term")
        # a migration may change the columns that a view was made from
        changes = views.apply(client, files, recreate=bool(applied))
    states.tell_changes(changes)
    print(f"{len(applied)} migrations applied, {states.count_changed(changes)} views re-created or dropped")
    return 0


def _tell_plan(waiting: list[tuple[str, list[str]]], changes: list[views.Change]) -> int:
    for name, statements in waiting:
        print(f"-- {name}\n")
        for statement in statements:
            print(f"{statement.removesuffix(';')};\n")
    for change in changes:
        if change.action in {"created", "changed", "dropped"}:
            print(f"-- view {ANALYTICS}.{change.name} would be {change.action}")
    print(f"-- {len(waiting)} migrations would be applied; nothing was done")
    return 0
