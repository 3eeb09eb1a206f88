"""The way into Kafka, as the environment describes it: the brokers' addresses, TLS and SASL."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from common.environment import SECRET, Port, SettingsError

BOOTSTRAP_VARIABLE: Final = "UGC_KAFKA_BOOTSTRAP"

# The value is pasted into DDL, which binds no parameters: nothing that could leave the quotes is an address.
_BROKER: Final = re.compile(
    r"(?:(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)|\[(?P<v6>[0-9A-Fa-f:.]+)\]):(?P<port>[0-9]{1,5})"
)
_MAX_PORT: Final = 65_535


class Bootstrap(str):
    """Brokers' addresses, `host:port` or `[IPv6]:port` with commas between them; kept without spaces."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Bootstrap:
        """Raises `ValueError` for anything else."""
        brokers = [part.strip() for part in text.split(",")]
        for broker in brokers:
            match = _BROKER.fullmatch(broker)
            if match is None or not 0 < int(match["port"]) <= _MAX_PORT:
                raise ValueError(text)
            if match["v6"]:
                IPv6Address(match["v6"])
        return cls(",".join(brokers))


_Brokers = Annotated[Bootstrap, Meta(description="host:port, or several with commas between them")]
_Protocol = Annotated[
    Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
    Meta(description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
]
_Mechanism = Annotated[
    Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Meta(description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
]
_File = Annotated[str, Meta(min_length=1, description="a file in PEM format")]
_Secret = Annotated[str, Meta(min_length=1, extra=SECRET, description="a text that is not empty")]


class KafkaSecurity(Struct, frozen=True, kw_only=True):
    """What a client needs to be let in; as it is made without arguments, the way to an open broker."""

    protocol: str = "PLAINTEXT"
    mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    ca_location: str | None = None
    certificate_location: str | None = None
    key_location: str | None = None
    key_password: str | None = None

    def client_options(self) -> dict[str, str]:
        """Return the same in librdkafka's names."""
        options = {
            "security.protocol": self.protocol,
            "sasl.mechanism": self.mechanism,
            "sasl.username": self.username,
            "sasl.password": self.password,
            "ssl.ca.location": self.ca_location,
            "ssl.certificate.location": self.certificate_location,
            "ssl.key.location": self.key_location,
            "ssl.key.password": self.key_password,
        }
        return {name: value for name, value in options.items() if value}


class KafkaEnvironment(Struct, frozen=True, kw_only=True):
    """The variables about Kafka: a base for the settings of every part that speaks to it."""

    kafka_bootstrap: _Brokers | None = field(default=None, name=BOOTSTRAP_VARIABLE)
    kafka_port: Port = field(default=9092, name="UGC_KAFKA_PORT")
    kafka_security_protocol: _Protocol = field(default="PLAINTEXT", name="UGC_KAFKA_SECURITY_PROTOCOL")
    kafka_sasl_mechanism: _Mechanism = field(default="SCRAM-SHA-512", name="UGC_KAFKA_SASL_MECHANISM")
    kafka_sasl_username: Annotated[str, Meta(min_length=1, description="a name")] | None = field(
        default=None, name="UGC_KAFKA_SASL_USERNAME"
    )
    kafka_sasl_password: _Secret | None = field(default=None, name="UGC_KAFKA_SASL_PASSWORD")
    kafka_ssl_ca_location: _File | None = field(default=None, name="UGC_KAFKA_SSL_CA_LOCATION")
    kafka_ssl_certificate_location: _File | None = field(default=None, name="UGC_KAFKA_SSL_CERTIFICATE_LOCATION")
    kafka_ssl_key_location: _File | None = field(default=None, name="UGC_KAFKA_SSL_KEY_LOCATION")
    kafka_ssl_key_password: _Secret | None = field(default=None, name="UGC_KAFKA_SSL_KEY_PASSWORD")

    @property
    def brokers(self) -> str:
        """Where Kafka is for this machine: the configured addresses, else the embedded broker's."""
        return self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}"

    @property
    def security(self) -> KafkaSecurity:
        """How the brokers are spoken to."""
        sasl = self.kafka_security_protocol.startswith("SASL_")
        return KafkaSecurity(
            protocol=self.kafka_security_protocol,
            mechanism=self.kafka_sasl_mechanism if sasl else None,
            username=self.kafka_sasl_username,
            password=self.kafka_sasl_password,
            ca_location=self.kafka_ssl_ca_location,
            certificate_location=self.kafka_ssl_certificate_location,
            key_location=self.kafka_ssl_key_location,
            key_password=self.kafka_ssl_key_password,
        )

    def check(self) -> None:
        """Raise `SettingsError` when the variables do not fit together."""
        protocol = self.kafka_security_protocol
        login = {
            "UGC_KAFKA_SASL_USERNAME": self.kafka_sasl_username,
            "UGC_KAFKA_SASL_PASSWORD": self.kafka_sasl_password,
        }
        sasl = protocol.startswith("SASL_")
        for name, value in login.items():
            if sasl and value is None:
                raise SettingsError(f"UGC_KAFKA_SECURITY_PROTOCOL={protocol} needs {name}: set it")
            if value is not None and not sasl:
                text = (
                    f"{name} is set, but UGC_KAFKA_SECURITY_PROTOCOL is {protocol}: expected SASL_PLAINTEXT or SASL_SSL"
                )
                raise SettingsError(text)
