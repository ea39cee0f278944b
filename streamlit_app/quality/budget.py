"""What a run may pay a language model: never nothing said, and never by accident much."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from streamlit_app.safe import as_markdown
from streamlit_app.words import say

# In the currency of the model's price. Two hundred questions to a small model cost some tens of cents; who wants to
# spend more than the most says so on the command line.
USUAL, LEAST, MOST = Decimal("1.00"), Decimal("0.01"), Decimal("100.00")


def budget_field(key: str, value: Decimal = USUAL) -> None:
    st.number_input(
        as_markdown(say("quality.start.budget")),
        min_value=float(LEAST),
        max_value=float(MOST),
        value=float(min(value, MOST)),
        step=0.5,
        format="%.2f",
        key=key,
        help=as_markdown(say("quality.start.budget_help")),
        width=220,
    )


def chosen_budget(key: str) -> Decimal | None:
    """None for what is no amount between LEAST and MOST."""
    given = st.session_state.get(key)
    amount = Decimal(str(given)) if isinstance(given, float | int) else Decimal(0)
    return amount if amount.is_finite() and LEAST <= amount <= MOST else None
