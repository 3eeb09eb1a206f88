"""`doctor`: one event followed from the API to a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clickhouse.cli import options, output, times
from clickhouse.doctor.examination import Examination

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from clickhouse.connection.settings import Settings

NAME: Final = "doctor"
HELP: Final = "follow one event from the API to a view, and tell where it stopped, and why"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--api", metavar="URL", help="default: UGC_API_HOST and UGC_API_PORT")
    parser.add_argument(
        "--within", type=times.seconds, default=10.0, metavar="SECONDS", help="for each stage (default 10)"
    )
    parser.add_argument("--write-key", metavar="KEY", help="when the API asks for one")
    parser.add_argument("--keep", action="store_true", help="leave the event in the tables")
    options.add_format(parser)


def run(arguments: Namespace, settings: Settings) -> int:
    examination = Examination(
        settings, api=arguments.api or settings.api_url, within_s=arguments.within, write_key=arguments.write_key
    )
    report = examination.run(keep=arguments.keep)
    if arguments.format == "json":
        output.as_json(report)
        return 1 if report.stopped else 0
    stages = [
        {
            "stage": stage.name,
            "ms": "stopped" if stage.milliseconds is None else stage.milliseconds,
            "": stage.note,
        }
        for stage in report.stages
    ]
    output.show(stages, "stage", "ms", "", title="One event on its way")
    if report.stopped:
        print(f"stopped at: {report.stopped}\ncause: {report.cause}\nnext: {report.next_command}")
        return 1
    print("all is well")
    return 0
