"""Colours of charts, on light and on dark paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Look:
    """`colours` are told apart in full colour and with each kind of colour blindness, and stand out from the `paper`.

    `scale` goes from little to much; `land` is what a map has no value for.
    """

    paper: str
    ink: str
    faint: str
    grid: str
    colours: tuple[str, ...]
    scale: tuple[str, ...]
    land: str


# Found by a search for eight colours that keep the largest least distance under four kinds of vision, at 3:1 from the
# paper and more. The first four are the furthest from one another: most charts need no more.
LOOKS: dict[Theme, Look] = {
    "light": Look(
        "#fcfbf8", "#1e2428", "#596058", "#e6e2d7",
        ("#15706a", "#968d0d", "#3c96e0", "#392f7b", "#a24707", "#cb7793", "#8456b2", "#741031"),
        ("#c6dcd6", "#98c4bb", "#66a79d", "#37877d", "#0d544e"),
        "#eeebe2",
    ),
    "dark": Look(
        "#14181a", "#e8e6df", "#a5aca4", "#2b3233",
        ("#5fbcb0", "#d59818", "#9b578d", "#efde85", "#5986df", "#cbaffe", "#707f4a", "#48fbe8"),
        ("#2b5450", "#35736c", "#479a91", "#74c2b7", "#cdeee8"),
        "#20272a",
    ),
}  # fmt: skip
