"""What gunicorn loads in each worker: `api.asgi:app`. The one place that reads the environment."""

from __future__ import annotations

import os

from api.app import create_app
from api.configuration.settings import read_settings
from api.pipeline.clock import now_ms
from api.pipeline.uuid7 import Uuid7
from api.sink.kafka import KafkaSink

settings = read_settings(os.environ)
app = create_app(settings, KafkaSink(settings.brokers, security=settings.security.client_options()), now_ms, Uuid7())
