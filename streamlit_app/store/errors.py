"""What can go wrong with what people keep, each with a sentence for the screen."""

from __future__ import annotations


class StoreError(Exception):
    """`sentence` is for the screen."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class StoreUnreachable(StoreError):
    """The app's own database does not answer. Asking goes on; what comes of it is not kept."""


class StoreTooNew(StoreUnreachable):
    """A newer release made its tables: this one would not know what it breaks."""


class BoardChanged(StoreError):
    """Somebody saved another version since this one was read."""


class NotYours(StoreError):
    """Only its owner may change it."""


class TooMuch(StoreError):
    """It is larger than what is kept, or there are too many of its kind; nothing was changed."""
