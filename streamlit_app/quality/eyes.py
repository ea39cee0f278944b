"""Whose results somebody may see: those that were computed for their own role and attributes, and no others."""

from __future__ import annotations

from dataclasses import dataclass

from nl2sql.question import Principal
from nl2sql.settings import Settings
from streamlit_app.quality.runs import Digest, Head


@dataclass(frozen=True, slots=True)
class Eyes:
    """`settings` say who asked the questions of runs that do not."""

    reader: Principal
    settings: Settings

    def see(self, head: Head, role: str) -> bool:
        """The results of a question that was asked in `role`, or "" in that of its run."""
        of_run = self.settings.role if head.role is None else head.role
        return (role or of_run) == self.reader.role and self._has_attributes_of(head)

    def see_all(self, digest: Digest) -> bool:
        return all(self.see(digest.head, role) for role in ("", *digest.roles))

    def _has_attributes_of(self, head: Head) -> bool:
        """Rows are filtered by them."""
        given = head.attributes.split(",") if head.role is not None else self.settings.attributes.split(",")
        asked = {
            name.strip(): value.strip() for name, _, value in (each.partition("=") for each in given if each.strip())
        }
        return asked == dict(self.reader.attributes)
