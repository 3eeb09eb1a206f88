"""Every view, row by row, against the oracle: while rows come, when they were counted, and after a DBA's repairs.

`UGC_TEST_ORACLE_SEEDS` names the lives ("1 2 3", default 1), `UGC_TEST_ORACLE_EVENTS` how many events they have.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from clickhouse.__main__ import main
from clickhouse.authoring.engine import ephemeral_engine
from clickhouse.connection.client import connected
from clickhouse.schema import runner, views
from tests.oracle import served
from tests.oracle.answers import operations
from tests.oracle.answers.catalogue import ABOUT_THE_SERVER, OF_STORED_ROWS, Question, questions
from tests.oracle.answers.ledger import Ledger, Table
from tests.oracle.answers.readers import TYPED
from tests.oracle.compare import Difference, compare
from tests.oracle.landing import Landed, land
from tests.oracle.lives.deeds import Phase
from tests.oracle.lives.generator import EVENTS, FIRST_SEED, generate
from tests.oracle.lives.times import HOUR, Calendar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from clickhouse.connection.settings import Settings

SEEDS = [int(seed) for seed in os.environ.get("UGC_TEST_ORACLE_SEEDS", str(FIRST_SEED)).split()]
NUMBER = int(os.environ.get("UGC_TEST_ORACLE_EVENTS", str(EVENTS)))
# One moment for all, from which the names of the tests follow.
NOW = int(time.time() * 1000)
QUIET = 2 * HOUR
QUESTIONS = {question.name: question for question in questions(Calendar(NOW))}
pytestmark = pytest.mark.timeout(900)


class Life:
    """One seed's life in one ClickHouse, which goes through its stages once, in order."""

    def __init__(self, settings: Settings, client: Client, seed: int, stages: dict[str, Stage]) -> None:
        self.settings = settings
        self.client = client
        self.rows = land(generate(seed, NOW, NUMBER))
        self.landed: list[Landed] = []
        self._stages = stages
        self._left = list(stages)
        self._ledger: Ledger | None = None

    def at(self, stage: str) -> Life:
        """Go on to this stage."""
        while stage in self._left:
            self._ledger = None
            self._stages[self._left.pop(0)](self)
        return self

    def come(self, *phases: Phase, by: int = NOW, written_ago: int = 0) -> None:
        """Land what belongs to these phases and was received by then."""
        rows = [row for row in self.rows if row.phase in phases and row.row["received_at"] <= by]
        served.land(self.client, rows, written_ago)
        self.landed += rows

    def command(self, *arguments: str) -> None:
        """`python -m clickhouse`, on this one."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("UGC_CLICKHOUSE_URL", self.settings.url)
            environment.setenv("UGC_KAFKA_BOOTSTRAP", "127.0.0.1:1")
            assert main(arguments) == 0, arguments

    @property
    def ledger(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self.landed, served.today(self.client))
        return self._ledger

    def compared(self, question: Question) -> Difference:
        return compare(question.answer(self.ledger), *served.read(self.client, question.source), question.ignored)


Stage = Callable[[Life], None]


def live(life: Life) -> None:
    """Weeks are counted, and the last two days came just now."""
    life.come(Phase.HISTORY)
    served.settle(life.client)
    life.come(Phase.RECENT)


def late(life: Life) -> None:
    """Events of nine days come late, and copies that were received before the ones that are here."""
    life.come(Phase.LATE)


def rebuilt(life: Life) -> None:
    for table in TYPED:
        life.command("rebuild", table)


def replayed(life: Life) -> None:
    """What was refused is read again: events of up to 45 days ago, and copies that were received first of all."""
    refused = [row for row in life.rows if row.phase is Phase.REFUSED]
    served.refuse(life.client, refused)
    life.command("errors", "replay")
    life.landed += refused
    served.settle(life.client)


def attached_again(life: Life) -> None:
    served.attach_again(life.client)
    served.settle(life.client)


def quiet(life: Life) -> None:
    """Nothing has come for two hours, and then everything is counted."""
    life.come(Phase.HISTORY, Phase.RECENT, by=NOW - QUIET, written_ago=QUIET)
    served.settle(life.client)


STAGES: dict[str, Stage] = {
    "live": live,
    "settled": lambda life: served.settle(life.client),
    "late": late,
    "late_settled": lambda life: served.settle(life.client),
    "rebuilt": rebuilt,
    "replayed": replayed,
    "merged": lambda life: served.merge(life.client),
    "attached_again": attached_again,
}


@contextmanager
def lived(seed: int, stages: dict[str, Stage]) -> Iterator[Life]:
    with ephemeral_engine() as settings, connected(settings) as client:
        runner.migrate(settings)
        views.apply(client, views.load())
        yield Life(settings, client, seed, stages)


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def life(request: pytest.FixtureRequest) -> Iterator[Life]:
    with lived(request.param, STAGES) as found:
        yield found


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed-{seed}")
def quiet_life(request: pytest.FixtureRequest) -> Iterator[Life]:
    with lived(request.param, {"quiet": quiet}) as found:
        yield found.at("quiet")


def test_every_view_is_asked() -> None:
    asked = {question.view for question in QUESTIONS.values()}
    assert asked | OF_STORED_ROWS | ABOUT_THE_SERVER == {view.name for view in views.load()}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_view_says_what_the_dictionary_says(life: Life, stage: str, name: str) -> None:
    difference = life.at(stage).compared(QUESTIONS[name])
    assert not difference, f"\n{difference}"


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_view_says_the_same_when_nothing_has_come_for_hours(quiet_life: Life, name: str) -> None:
    difference = quiet_life.compared(QUESTIONS[name])
    assert not difference, f"\n{difference}"


@pytest.mark.parametrize("stage", ["live", "late", "replayed", "merged"])
def test_copies_that_are_stored_are_told(life: Life, stage: str) -> None:
    client = life.at(stage).client
    with served.no_merges(client, "ugc.events"):
        expected = operations.duplicates(served.stored_rows(client))
        difference = compare(expected, *served.read(client, "analytics.duplicates"))
    assert expected.rows
    assert not difference, f"\n{difference}"


@pytest.mark.parametrize("stage", ["replayed", "merged"])
def test_what_could_not_become_an_event_is_told_once(life: Life, stage: str) -> None:
    client = life.at(stage).client
    expected = operations.ingestion_errors(served.refused_messages(client))
    columns, found = served.read(client, "analytics.ingestion_errors")
    place = list(columns).index("error")
    kinds = [(*row[:place], operations.kind_of(row[place]), *row[place + 1 :]) for row in found]
    difference = compare(expected, columns, kinds)
    assert expected.rows
    assert not difference, f"\n{difference}"


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "nine steps": ("funnel", {"steps": ["click"] * 9}),
    "no step": ("funnel", {"steps": []}),
    "misspelt type": ("funnel", {"steps": ["click", "page_veiw"]}),
    "misspelt element": ("funnel", {"steps": ["click:trailr"]}),
    "misspelt page type": ("funnel", {"steps": ["page_view:film"]}),
    "misspelt state": ("funnel", {"steps": ["video_progress:stopped"]}),
    "type that has no more to say": ("funnel", {"steps": ["page_leave:movie"]}),
    "funnel until a day that is none": ("funnel", {"until": "2026-11-40"}),
    "funnel since a day that is none": ("funnel", {"since": "2026-02-30"}),
    "retention until a day that is none": ("retention", {"until": "2026-11-40"}),
    "retention since a day that is none": ("retention", {"since": "2026-02-30"}),
    "retention since no day at all": ("retention", {"since": "yesterday"}),
    "weekly retention until a day that is none": ("weekly_retention", {"until": "2026-11-40"}),
    "nine steps of a film": ("funnel_of_film", {"steps": ["click"] * 9}),
    "misspelt type of a film": ("funnel_of_film", {"steps": ["page_veiw"]}),
}


@pytest.mark.parametrize(("view", "wrong"), REFUSED.values(), ids=REFUSED)
def test_a_question_that_cannot_be_meant_is_refused(life: Life, view: str, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"since": "2026-01-01", "until": "2026-12-31"}
    if view.startswith("funnel"):
        asked = {"steps": ["click"], "window_seconds": 60, **asked}
    if view == "funnel_of_film":
        asked["movie_id"] = "tt1"
    nothing = Table((), [])
    served.read(life.client, Question("right", view, lambda _: nothing, asked).source)
    with pytest.raises(Exception, match=r"DB::Exception"):
        served.read(life.client, Question("wrong", view, lambda _: nothing, {**asked, **wrong}).source)
