"""Keeps the libraries under a model's client from logging what an endpoint sends back.

Below warnings they write the headers, the request id and the reason phrase of every reply, and a gateway may repeat the
key in any of them. What a call went through is in the product's own trace.
"""

from __future__ import annotations

import logging
from typing import Final

LIBRARIES: Final = ("openai", "httpx2", "httpcore2")


def quiet_foreign_logs() -> None:
    """Also where the host logs everything: a level that is set lower is raised."""
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
