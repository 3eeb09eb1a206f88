"""`python -m api`: the HTTP service."""

from __future__ import annotations

import argparse
import os
import sys

import msgspec

from api.configuration.settings import Settings, read_settings
from api.guards.rate_storage import StorageMissingError, open_strategy
from api.server.run import PortTakenError, run
from common.environment import SettingsError


def main(arguments: list[str], app_uri: str = "api.asgi:app") -> int:
    """Exit code 2 for what the caller can put right: a variable with a wrong value, a port that is taken."""
    parser = argparse.ArgumentParser(
        prog="python -m api",
        description="The HTTP service: takes events and answers once the broker has them.",
        epilog="Configured by the environment: "
        + ", ".join(
            name for field in msgspec.structs.fields(Settings) if (name := field.encode_name).startswith("UGC_")
        )
        + ". SIGTERM and Ctrl-C finish the requests in flight.",
    )
    parser.parse_args(arguments)
    try:
        settings = read_settings(os.environ)
        if settings.rate_limit:
            # Each worker opens its own; this one only shows whether that will work.
            open_strategy(settings.rate_limit_storage, None)
        run(settings, app_uri)
    except StorageMissingError as error:
        print(f"error: UGC_RATE_LIMIT_STORAGE: {error}", file=sys.stderr)
        return 2
    except (SettingsError, PortTakenError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
