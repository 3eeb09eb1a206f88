"""Who counts as a robot: the public list, tried with the user agents that it ships, and what this project adds."""

from __future__ import annotations

from typing import Any

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from api.guards.bots import ALSO_PEOPLE, CRAWLING_LIBRARIES, is_bot

LISTED: dict[str, dict[str, Any]] = {each["pattern"]: each for each in CRAWLER_USER_AGENTS_DATA}
LIBRARIES = {name for name, each in LISTED.items() if "http-library" in each["tags"]} - CRAWLING_LIBRARIES
# Of HTTP libraries that the list has, those whose user agents say that they crawl.
SAY_SO = {"GoParserBot", "SimpleCrawler", "crawler4j", "libwww-perl", "rawweb-bot", "[wW]get"}


def robots_of(pattern: str) -> list[bool]:
    return [is_bot(agent) for agent in LISTED[pattern]["instances"]]


def test_every_robot_of_the_public_list_is_one() -> None:
    missed = {name for name in LISTED.keys() - LIBRARIES - ALSO_PEOPLE if not all(robots_of(name))}
    assert missed == set()
    assert len(LISTED) > 1400


def test_http_libraries_of_the_public_list_are_none_unless_they_say_that_they_crawl() -> None:
    assert {name for name in LIBRARIES if any(robots_of(name))} == SAY_SO


@pytest.mark.parametrize("exceptions", [CRAWLING_LIBRARIES, ALSO_PEOPLE], ids=["libraries", "people"])
def test_exceptions_are_still_in_the_list(exceptions: frozenset[str]) -> None:
    assert exceptions <= LISTED.keys()


@pytest.mark.parametrize("name", sorted(CRAWLING_LIBRARIES))
def test_each_crawling_library_would_be_missed_without_its_exception(name: str) -> None:
    assert "http-library" in LISTED[name]["tags"]


ROBOTS = [
    "meta-externalagent/1.1",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "ia_archiver-web.archive.org",
    "Mozilla/4.5 (compatible; HTTrack 3.0x; Windows 98)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
    "Scrapy/2.11 (+https://scrapy.org)",
    "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
    "python-requests/2.32 (cinema-crawler; +https://x.example)",
    "curl/8.5.0 OurOwnBot/1.0",
    "Our Own Bot",
    "price-scraper",
    "Mozilla/5.0 (Linux; Android 12) OurOwnBot/1.0",
]
PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 Chrome/96.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 7.0; CUBOT) AppleWebKit/537.36 Chrome/96.0 Mobile Safari/537.36",
    "Dalvik/2.1.0 (Linux; U; Android 9; CUBOT NOVA Build/PPR1.180610.011)",
    "Cubot/1.0",
    "Mozilla/5.0 (Linux; Android 6.0; M BOT 551 Build/MRA58K) AppleWebKit/537.36 Chrome/54.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 7.1.2; M_bot_tab_71) AppleWebKit/537.36 Chrome/58.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) AppleWebKit/537.36 Chrome/142 Instagram 406.0",
    "Mozilla/5.0 (Linux; Android 8.1.0; SUGAR Y15) AppleWebKit/537.36 Chrome/46.0 SogouMSE,SogouMobileBrowser/5.6.2",
    "Mozilla/5.0 (Linux; U; Android 2.3.6; fr-fr; Cherry Sonic  Build/GRK39F) AppleWebKit/533.1 Mobile Safari/533.1",
    "Mozilla/5.0 (Linux; U; Android 4.3; en-us; HTC_Butterfly Build/JSS15J) AppleWebKit/534.30 Mobile Safari/534.30",
    "Mozilla/5.0 (Linux; Android 8.1.0; Fever_Plus_J) AppleWebKit/537.36 Chrome/95.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 8.0.0; Expanse) AppleWebKit/537.36 Chrome/86.0.4240.99 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 16; SM-F966N; wv) AppleWebKit/537.36 Chrome/145.0 Mobile Safari/537.36 Viber/27.4.0.0",
    "Mozilla/5.0 (Linux; U; Android 4.1.2; HUAWEI) AppleWebKit/534.30 Mobile Safari/534.30 baiduboxapp/7CA95B2008/1",
    "Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10_5_6; en-us) AppleWebKit/528.16 (KHTML, like Gecko) Fluid/0.9.6",
    "AbbottReader/1.0",
    *("curl/8.5.0", "python-requests/2.32", "python-httpx/0.27", "Python/3.11 aiohttp/3.9.1", "okhttp/4.12.0"),
    *("Go-http-client/1.1", "Go-http-client/2.0", "axios/1.6.2", "node-fetch", "Apache-HttpClient/5.3 (Java/21)"),
    *("Java-http-client/17.0.1", "GuzzleHttp/7", "Wget/1.21", "libwww-perl/6.67", "Dart/3.2 (dart:io)", "undici", ""),
]


@pytest.mark.parametrize("agent", ROBOTS)
def test_robot_that_says_so_is_one(agent: str) -> None:
    assert is_bot(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_and_the_libraries_that_send_for_them_are_none(agent: str) -> None:
    assert not is_bot(agent)
