"""Reads environment variables into a typed, frozen settings object; every part of the project reads its own this way.

A settings type is a msgspec Struct whose fields are named after their variables; each type says in the description of
its `Meta` what is expected, so that an error can name the variable, its value and the remedy in one line.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol, TypeVar, get_type_hints, runtime_checkable

import msgspec
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

Network = IPv4Network | IPv6Network
Kind = TypeVar("Kind", bound=Struct)

# No owner has a larger network in the public address space.
_LEAST_BITS: Final = {4: 8, 6: 16}
_PASSWORD: Final = re.compile(r"(://[^:/@]*:)[^@]*@")

SECRET: Final = {"secret": True}
"""`Meta(extra=SECRET)`: no error shows the value."""


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message is one line that names both."""


class UnfitValueError(ValueError):
    """A value of the right form that must not be used; the text says why, and what to use instead."""


@runtime_checkable
class Parsed(Protocol):
    """A type of settings that reads itself from the text of a variable."""

    @classmethod
    def parse(cls, text: str) -> Any:
        """Make a value of this type. Raises `ValueError` for any other text, `UnfitValueError` with a reason."""


class Networks(tuple[Network, ...]):
    """Networks of machines that are trusted, written as CIDRs with commas between them."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Networks:
        networks = cls(ip_network(part.strip()) for part in text.split(",") if part.strip())
        for network in networks:
            if network.prefixlen < _LEAST_BITS[network.version] and not network.is_private:
                raise UnfitValueError(
                    f"{network} holds machines of strangers, and what they write would be believed: "
                    "name the networks of your own proxies"
                )
        return networks


Address = Annotated[str, Meta(min_length=1, description="an address to listen on")]
Port = Annotated[int, Meta(ge=1, le=65_535, description="an integer from 1 to 65535")]
Cidrs = Annotated[Networks, Meta(description="CIDRs with commas between them, such as 10.0.0.0/8,::1/128")]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://[^/\s]+", description="http://user:password@host:8123")]


def read(kind: type[Kind], environment: Mapping[str, str]) -> Kind:
    """Settings of this kind from environment variables; a blank one counts as unset.

    A `check` of the settings says whether they fit together. Raises `SettingsError`.
    """
    names = {each.encode_name for each in msgspec.structs.fields(kind)}
    given = {name: value for name, value in environment.items() if name in names and value.strip()}
    try:
        settings = msgspec.convert(given, kind, strict=False, dec_hook=_convert)
    except msgspec.ValidationError as error:
        match = re.search(r"`\$\.(UGC_[A-Z_]+)", str(error))
        if match is None:
            raise
        name = match[1]
        shown = "***" if _meta(kind, name).extra == SECRET else _PASSWORD.sub(r"\1***@", given[name])
        # of a value that is converted, the reason is the cause of the library's error
        unfit = error.__cause__ if isinstance(error.__cause__, UnfitValueError) else None
        raise SettingsError(f"{name}={shown}: {unfit or f'expected {_meta(kind, name).description}'}") from error
    check = getattr(settings, "check", None)
    if check is not None:
        check()
    return settings


def reachable(host: str) -> str:
    """Return the host, fit for a URL, at which this machine reaches a service that listens on `host`."""
    if host in {"0.0.0.0", "::", "[::]"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _convert(wanted: type, text: Any) -> Any:
    if isinstance(wanted, Parsed):
        return wanted.parse(str(text))
    raise ValueError(text)


def _meta(kind: type[Struct], name: str) -> Meta:
    """What the field's type says about itself."""
    [wanted] = [each for each in msgspec.structs.fields(kind) if each.encode_name == name]
    hint = get_type_hints(kind, include_extras=True)[wanted.name]
    for part in (hint, *getattr(hint, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                return meta
    return Meta(description="another value")
