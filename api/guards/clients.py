"""Who sent a request, as far as it may be stored: the address behind trusted proxies, in the configured form."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

from api.guards.bots import is_bot
from api.guards.privacy import asks_for_privacy
from api.pipeline.client import Client
from api.pipeline.limits import MAX_USER_AGENT
from api.server.heads import as_sent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from falcon.asgi import Response

    from api.configuration.privacy import IpMode, PrivacySignals
    from api.server.request import ApiRequest
    from common.environment import Network

Address = IPv4Address | IPv6Address

_WITH_PORT: Final = re.compile(r'("?)(?:(?P<v4>[0-9.]+)(?::\d{1,5})?|\[(?P<v6>[0-9A-Fa-f:.]+)\](?::\d{1,5})?)\1')
_KEPT_BITS: Final = {4: 24, 6: 48}
_COUNTED_BITS: Final = {4: 32, 6: 64}
_6TO4_BITS: Final = 16
"""Before the IPv4 address that a 6to4 address (2002::/16) holds right after."""
_BEFORE_IPV4: Final = frozenset({0, 0xFFFF0000, 0x64FF9B << 64})
"""The 96 bits before it: IPv4-compatible, IPv4-translated (RFC 2765), the well-known prefix of NAT64 (RFC 6052)."""

_HASH_BYTES: Final = 16
_CACHED_ADDRESSES: Final = 8192


class Clients:
    """Middleware: finds out who sent a request that carries events.

    `X-Forwarded-For` counts only when the connection comes from one of `trusted_proxies`; it is then read from its end,
    and the first address that is not a trusted proxy is the client's.
    """

    def __init__(
        self,
        *,
        trusted_proxies: tuple[Network, ...],
        ip_mode: IpMode,
        hash_salt: bytes,
        privacy_signals: PrivacySignals = "ignore",
        routes: Collection[str] = (),
    ) -> None:
        """`routes` are the templates of the routes that take events.

        Raises `ValueError` for the mode `hash` without a salt: such hashes could be looked up in a table.
        """
        if ip_mode == "hash" and not hash_salt:
            raise ValueError("the IP mode hash needs a salt: set UGC_IP_HASH_SALT")
        self._trusted = trusted_proxies
        self._privacy_signals = privacy_signals
        self._routes = routes
        self._stored_form: Callable[[str], str | None] = lru_cache(_CACHED_ADDRESSES)(_stored_form(ip_mode, hash_salt))

    async def process_resource(self, request: ApiRequest, _response: Response, _resource: Any, _params: Any) -> None:
        if request.uri_template in self._routes:
            request.context.client = self.of(request)

    def of(self, request: ApiRequest) -> Client:
        """The sender, as it may be stored."""
        agent = request.get_header("User-Agent")
        if agent is not None:
            agent = as_sent(agent)[:MAX_USER_AGENT]
        robot = agent is not None and is_bot(agent)
        if self._privacy_signals != "ignore" and asks_for_privacy(request):
            return Client(None, None, robot, anonymous=True, opted_out=self._privacy_signals == "drop")
        return Client(self._stored_form(self.address(request)), agent, robot)

    def network(self, request: ApiRequest) -> str:
        """What rate limits count as one client: an IPv4 address, or the /64 of an IPv6 address."""
        return _counted_form(self.address(request))

    def address(self, request: ApiRequest) -> str:
        """The sender's full address: for decisions, never to be stored."""
        peer = request.remote_addr
        if not self._trusted or not self._is_trusted(peer):
            return peer
        forwarded = request.get_header("X-Forwarded-For")
        if forwarded is None:
            return peer
        nearest = peer
        for part in reversed(forwarded.split(",")):
            hop = _without_port(part.strip())
            if _parse(hop) is None:
                # No proxy wrote this, so nothing before it is trusted; the last good hop is the best that is known.
                return nearest
            nearest = hop
            if not self._is_trusted(hop):
                return hop
        return nearest

    def _is_trusted(self, text: str) -> bool:
        address = _parse(text)
        return address is not None and any(address in network for network in self._trusted)


def _without_port(hop: str) -> str:
    """The address alone: some proxies add a port, brackets or quotes, as in `"[2001:db8::1]:443"`."""
    found = _WITH_PORT.fullmatch(hop)
    return hop if found is None else found["v4"] or found["v6"]


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or _compatible(address) or address
    return address


def _compatible(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address at the end of ::a.b.c.d, ::ffff:0:a.b.c.d and 64:ff9b::a.b.c.d, ways to write IPv4 in IPv6."""
    head, tail = divmod(int(address), 1 << 32)
    if head in _BEFORE_IPV4 and tail >> 24:
        return IPv4Address(tail)
    return None


def _kept_bits(address: Address) -> int:
    """How much of an address is kept: as much of an IPv4 address in it as would be kept of that alone, or less.

    Teredo (2001::/32) and addresses of providers hold an IPv4 address further behind, or too little of one.
    """
    if isinstance(address, IPv6Address) and address.sixtofour is not None:
        return _6TO4_BITS + _KEPT_BITS[4]
    return _KEPT_BITS[address.version]


@lru_cache(_CACHED_ADDRESSES)
def _counted_form(text: str) -> str:
    address = _parse(text)
    if address is None:
        return text
    if isinstance(address, IPv6Address) and address.sixtofour is not None:
        # whoever has the IPv4 address has 65,536 networks of this kind
        address = address.sixtofour
    elif isinstance(address, IPv6Address) and address.teredo is not None:
        # the network is the server's, which many share
        address = address.teredo[1]
    return str(ip_network((address, _COUNTED_BITS[address.version]), strict=False).network_address)


def _stored_form(mode: IpMode, salt: bytes) -> Callable[[str], str | None]:
    def form(text: str) -> str | None:
        address = _parse(text)
        if address is None or mode == "drop":
            return None
        if mode == "full":
            return str(address)
        if mode == "hash":
            return hmac.new(salt, address.packed, hashlib.sha256).digest()[:_HASH_BYTES].hex()
        return str(ip_network((address, _kept_bits(address)), strict=False).network_address)

    return form
