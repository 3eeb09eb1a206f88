"""The known people: who they are follows from the seed and their number alone, so none has to be kept in memory."""

from __future__ import annotations

import random
from typing import Final

import msgspec

from bench.traffic.events import Context

_LOGGED_IN: Final = 0.4
_ON_A_TV: Final = 0.1  # an app that knows the account and makes no anonymous id
_RFC3339: Final = 0.3  # clients that write times as text; the others write epoch milliseconds

_PLACES: Final = (
    ("de-DE", "Europe/Berlin"), ("en-GB", "Europe/London"), ("fr-FR", "Europe/Paris"), ("es-ES", "Europe/Madrid"),
    ("pl-PL", "Europe/Warsaw"), ("it-IT", "Europe/Rome"), ("uk-UA", "Europe/Kyiv"), ("tr-TR", "Europe/Istanbul"),
    ("en-US", "America/New_York"), ("pt-BR", "America/Sao_Paulo"),
)  # fmt: skip
_PLACE_WEIGHTS: Final = (22, 14, 13, 11, 9, 8, 7, 6, 6, 4)
_DESKTOP: Final = "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
_PHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.{version} Mobile/15E148 Safari/604.1"
)
_FIREFOX: Final = "Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
_SYSTEMS: Final = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
_DESKTOP_SCREENS: Final = ((1920, 1080), (2560, 1440), (1366, 768), (1536, 864), (3840, 2160))
_PHONE_SCREENS: Final = ((390, 844), (412, 915), (360, 800), (430, 932))
_APP_VERSIONS: Final = ("4.12.0", "4.12.1", "4.13.0", "5.0.0-beta.2")


class Person(msgspec.Struct, frozen=True):
    """One visitor and the one device that is used. `rfc3339`: the client writes times as text."""

    user_id: str | None
    anonymous_id: str | None
    ip: str
    user_agent: str
    context: Context
    rfc3339: bool


def person(seed: int, number: int) -> Person:
    """The person with this number, the same in every run with this seed."""
    rng = random.Random((seed << 40) ^ (number * 0x9E3779B1))
    chance = rng.random
    user_id = f"user-{number:07}" if chance() < _LOGGED_IN else None
    tv = user_id is not None and chance() < _ON_A_TV
    locale, timezone = rng.choices(_PLACES, _PLACE_WEIGHTS)[0]
    on_phone = chance() < 0.45  # noqa: PLR2004 - the share of phones
    width, height = rng.choice(_PHONE_SCREENS if on_phone else _DESKTOP_SCREENS)
    return Person(
        user_id=user_id,
        anonymous_id=None if tv else f"{rng.getrandbits(128):032x}",
        # 198.18.0.0/15 is set aside for benchmarks.
        ip=f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}",
        user_agent=_user_agent(rng, on_phone=on_phone),
        context=Context(
            locale=locale,
            timezone=timezone,
            screen_width=width,
            screen_height=height,
            app_version=rng.choice(_APP_VERSIONS),
        ),
        rfc3339=chance() < _RFC3339,
    )


def _user_agent(rng: random.Random, *, on_phone: bool) -> str:
    if on_phone:
        return _PHONE.format(version=rng.randint(0, 6))
    template = rng.choice((_DESKTOP, _DESKTOP, _FIREFOX))
    return template.format(system=rng.choice(_SYSTEMS), version=rng.randint(128, 142))
