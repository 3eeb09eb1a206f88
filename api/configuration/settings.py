"""The environment of the service, read once into a frozen object. Reading it touches neither disk nor network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, field

from api.configuration.origins import ANY, Origins
from api.configuration.privacy import IpMode, PrivacySignals  # noqa: TC001 - msgspec evaluates the annotations
from api.configuration.rate_limits import Limits, Storage
from api.configuration.salts import Salt
from api.configuration.write_keys import WriteKeys
from common.environment import SECRET, Address, Cidrs, Networks, Port, reachable, read
from common.kafka import KafkaEnvironment

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = "label:key, or several with commas between them; keys of letters, digits and ._~+/=-"
_ORIGINS = "*, or origins with commas between them, such as https://cinema.example,https://*.cinema.example"
_LIMITS = "off, or limits such as 100/second or 100/second;5000/minute"
_STORAGE = "a storage of the library limits, such as async+memory:// or async+redis://host:6379"

_Token = Annotated[Salt, Meta(extra=SECRET, description="at least 16 characters")]


class Settings(KafkaEnvironment, frozen=True, kw_only=True):
    """What can be configured. Field names are the variables' names."""

    api_host: Address = field(default="127.0.0.1", name="UGC_API_HOST")
    api_port: Port = field(default=9001, name="UGC_API_PORT")
    api_workers: Annotated[int, Meta(ge=1, le=512, description="an integer from 1 to 512")] = field(
        default_factory=lambda: os.cpu_count() or 1, name="UGC_API_WORKERS"
    )
    api_max_requests: Annotated[int, Meta(ge=0, description="an integer, 0 for never")] = field(
        default=0, name="UGC_API_MAX_REQUESTS"
    )
    """A worker is replaced after about this many requests; 0 means never."""
    api_drain_s: Annotated[float, Meta(ge=0, le=60, description="seconds from 0 to 60")] = field(
        default=0.0, name="UGC_API_DRAIN_SECONDS"
    )
    """How long a service that was told to stop still accepts connections while `/readyz` says that it is not ready."""
    keepalive_s: Annotated[float, Meta(gt=0, le=3600, description="seconds, more than 0 and at most 3600")] = field(
        default=75.0, name="UGC_KEEPALIVE_SECONDS"
    )
    """How long a connection is kept open for another request."""
    body_timeout_s: Annotated[float, Meta(gt=0, le=25, description="seconds, more than 0 and at most 25")] = field(
        default=10.0, name="UGC_BODY_TIMEOUT_SECONDS"
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="debug, info, warning or error")
    ] = field(default="info", name="UGC_LOG_LEVEL")
    write_keys: Annotated[WriteKeys, Meta(extra=SECRET, description=_KEYS)] = field(
        default=WriteKeys(), name="UGC_WRITE_KEYS"
    )
    allowed_origins: Annotated[Origins, Meta(description=_ORIGINS)] = field(
        default=Origins((ANY,)), name="UGC_ALLOWED_ORIGINS"
    )
    privacy_signals: Annotated[PrivacySignals, Meta(description="ignore, anonymize or drop")] = field(
        default="ignore", name="UGC_PRIVACY_SIGNALS"
    )
    rate_limit: Annotated[Limits, Meta(description=_LIMITS)] = field(
        default=Limits.parse("100/second"), name="UGC_RATE_LIMIT"
    )
    rate_limit_storage: Annotated[Storage, Meta(description=_STORAGE)] = field(
        default=Storage("async+memory://"), name="UGC_RATE_LIMIT_STORAGE"
    )
    trusted_proxies: Cidrs = field(default=Networks(), name="UGC_TRUSTED_PROXIES")
    ip_mode: Annotated[IpMode, Meta(description="truncate, full, hash or drop")] = field(
        default="truncate", name="UGC_IP_MODE"
    )
    ip_hash_salt: Annotated[Salt, Meta(extra=SECRET, description="at least 16 characters")] | None = field(
        default=None, name="UGC_IP_HASH_SALT"
    )
    metrics_token: _Token | None = field(default=None, name="UGC_METRICS_TOKEN")
    """What `GET /metrics` asks for as a bearer token; without one it answers this machine only."""
    workers_folder: str | None = field(default=None, name="PROMETHEUS_MULTIPROC_DIR")
    """A folder that the workers of one running service share. `api.server.run` makes it; None in a single process."""

    @property
    def url(self) -> str:
        """The URL at which this machine reaches the service."""
        return f"http://{reachable(self.api_host)}:{self.api_port}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables; a blank one counts as unset. Raises `SettingsError`."""
    return read(Settings, environment)
