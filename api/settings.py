"""The environment of the service, read once into a frozen object. Reading it touches neither disk nor network."""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from api.clients import IpMode, Network

if TYPE_CHECKING:
    from collections.abc import Mapping

Port = Annotated[int, Meta(ge=1, le=65_535, description="an integer from 1 to 65535")]

_BROKERS: Final = re.compile(r"[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*|(\[[0-9a-fA-F:]+\]:\d{1,5},?)+")


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message names both."""


class Networks(tuple[Network, ...]):
    """Networks written as CIDRs with commas between them."""

    __slots__ = ()


class Brokers(str):
    """Broker addresses, `host:port` with commas between them."""

    __slots__ = ()


class Settings(Struct, frozen=True, kw_only=True):
    """What can be configured. Field names are the variables' names."""

    api_host: Annotated[str, Meta(min_length=1, description="an address to listen on")] = field(
        default="127.0.0.1", name="UGC_API_HOST"
    )
    api_port: Port = field(default=9001, name="UGC_API_PORT")
    api_workers: Annotated[int, Meta(ge=1, le=512, description="an integer from 1 to 512")] = field(
        default_factory=lambda: os.cpu_count() or 1, name="UGC_API_WORKERS"
    )
    kafka_bootstrap: Annotated[Brokers, Meta(description="host:port, or several with commas between them")] | None = (
        field(default=None, name="UGC_KAFKA_BOOTSTRAP")
    )
    kafka_port: Port = field(default=9092, name="UGC_KAFKA_PORT")
    trusted_proxies: Annotated[
        Networks, Meta(description="CIDRs with commas between them, such as 10.0.0.0/8,::1/128")
    ] = field(default=Networks(), name="UGC_TRUSTED_PROXIES")
    ip_mode: Annotated[IpMode, Meta(description="truncate, full, hash or drop")] = field(
        default="truncate", name="UGC_IP_MODE"
    )
    ip_hash_salt: Annotated[str, Meta(min_length=16, description="at least 16 characters")] | None = field(
        default=None, name="UGC_IP_HASH_SALT"
    )

    @property
    def brokers(self) -> str:
        """Where the broker is: the configured addresses, else the embedded broker's."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; an empty one counts as unset. Raises `SettingsError`."""
    names = {each.encode_name for each in msgspec.structs.fields(Settings)}
    given = {name: value for name, value in environment.items() if name in names and value}
    try:
        return msgspec.convert(given, Settings, strict=False, dec_hook=_convert)
    except msgspec.ValidationError as error:
        match = re.search(r"`\$\.(UGC_[A-Z_]+)", str(error))
        if match is None:
            raise
        name = match[1]
        raise SettingsError(f"{name}={given[name]}: expected {_description(name)}") from error


def _convert(wanted: type, text: Any) -> Any:
    if wanted is Networks:
        return Networks(ip_network(part.strip()) for part in str(text).split(",") if part.strip())
    if wanted is Brokers and _BROKERS.fullmatch(str(text)):
        return Brokers(text)
    raise ValueError(text)


def _description(name: str) -> str:
    """What the field's type says about itself."""
    [wanted] = [each for each in msgspec.structs.fields(Settings) if each.encode_name == name]
    hint = get_type_hints(Settings, include_extras=True)[wanted.name]
    for part in (hint, *getattr(hint, "__args__", ())):
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                return meta.description
    return "another value"
