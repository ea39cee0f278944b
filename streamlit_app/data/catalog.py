"""What a role sees of the model, and its search index: made once for each policy, and shared by its sessions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.policy import Policy
from streamlit_app.data.search import SearchIndex
from streamlit_app.data.seen import Seen, seen_with
from streamlit_app.services import Ready


@dataclass(frozen=True)
class Catalog:
    seen: Seen

    @cached_property
    def index(self) -> SearchIndex:
        return SearchIndex(self.seen)


def catalog_for(ready: Ready) -> Catalog:
    """Raises PolicyInvalid for a role that the policy does not have."""
    pipeline, role = ready.pipeline, ready.person.role
    view, policy = pipeline.model_for(role), pipeline.policy_for(role)
    return _catalog((view.fingerprint, policy.fingerprint), view, pipeline.model, policy)


# Sixteen roles of a model with 300 datasets: some 10 MB each with the index.
@st.cache_resource(show_spinner=False, max_entries=16)
def _catalog(stamp: tuple[str, str], _view: SemanticModel, _whole: SemanticModel, _policy: Policy) -> Catalog:
    return Catalog(seen_with(_view, _whole, _policy))
