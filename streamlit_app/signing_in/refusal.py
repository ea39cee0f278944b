"""Why somebody does not get in. What is shown says no more than they know already; the rest is for the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamlit_app.signing_in.person import SignIn

# sign_in: nobody is signed in; expired: too long ago; unknown: signed in, but the mapping has no place for them;
# no_attribute: the mapping needs something that the sign-in does not say; not_signed: the proxy's header is missing or
# does not hold; not_here: local mode, but not from this machine; misconfigured: the operator has to mend something.
Reason = Literal["sign_in", "expired", "unknown", "no_attribute", "not_signed", "not_here", "misconfigured"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`who` is the name of whoever signed in, `ask` whom to ask for access, `detail` a sentence for the operator's log
    (no token, no secret), never shown to anybody outside."""

    reason: Reason
    who: str = ""
    ask: str = ""
    how: SignIn = "local"
    detail: str = ""
