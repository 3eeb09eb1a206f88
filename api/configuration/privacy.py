"""`UGC_IP_MODE` and `UGC_PRIVACY_SIGNALS`: how much is stored about the sender of an event."""

from __future__ import annotations

from typing import Literal

IpMode = Literal["truncate", "full", "hash", "drop"]

PrivacySignals = Literal["ignore", "anonymize", "drop"]
"""What `Sec-GPC: 1` or `DNT: 1` does: `anonymize` stores the event without user_id, address and user agent, `drop`
stores nothing and says so in the answer."""
