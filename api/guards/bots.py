"""Programs that say what they are in their user agent. Those that pretend to be people are not found here.

Their events are kept and marked, so that analysts can leave them out and operators can see them. HTTP libraries (curl,
python-requests, …) are not marked: a backend sends events of people with them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CACHED_AGENTS: Final = 4096

# Words that stand for themselves: bounded, so that a phone called "Cubot" or an app called "Abbott" is no robot.
_WORDS: Final = (
    r"\w*(?<!cu)bot",
    r"\w*crawler",
    r"\w*spider",
    r"scraper",
    r"scrapy",
    r"slurp",
    r"archiver",
    r"fetcher",
    r"monitoring",
    r"headless\w*",
    r"phantomjs",
    r"selenium",
    r"puppeteer",
    r"playwright",
    r"lighthouse",
    r"pingdom",
    r"uptimerobot",
    r"facebookexternalhit",
    r"whatsapp",
    r"bingpreview",
    r"google-(?:inspectiontool|read-aloud|safety|extended)",
    r"googleother",
    r"mediapartners-google",
    r"apis-google",
    r"feedfetcher\S*",
    r"chatgpt-user",
    r"perplexity-user",
    r"claude-(?:user|web)",
)
_ROBOT: Final = re.compile(rf"(?:^|[^\w])(?:{'|'.join(_WORDS)})(?![a-z])", re.IGNORECASE)


@lru_cache(_CACHED_AGENTS)
def is_bot(user_agent: str) -> bool:
    """Whether this user agent says that it is a program and not a person's browser."""
    return _ROBOT.search(user_agent) is not None
