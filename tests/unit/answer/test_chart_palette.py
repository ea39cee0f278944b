"""The colours of charts are told apart by everybody: computed, not judged by eye.

Colour blindness is simulated with the matrices of Machado, Oliveira and Fernandes (2009) at full severity, and
distances are taken in OKLab times 100, where about 2 is the least that can be seen side by side.
"""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nl2sql.answer.figure import LOOKS

MACHADO = {
    "full colour": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
ALL_APART, FIRST_FOUR_APART = 9.0, 13.0
GRAPHICS_CONTRAST = 3.0  # WCAG 2.2, 1.4.11
TEXT_CONTRAST = 4.5


def linear(colour: str) -> Any:
    values = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Any) -> Any:
    to_cone = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                        [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
    to_lab = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                       [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
    return to_lab @ np.cbrt(to_cone @ np.clip(rgb, 0, 1))


def apart(one: str, other: str, vision: str) -> float:
    seen = [oklab(np.array(MACHADO[vision]) @ linear(colour)) for colour in (one, other)]
    return float(100 * np.linalg.norm(seen[0] - seen[1]))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_of_series_are_told_apart_with_every_kind_of_vision(theme: Any, vision: str) -> None:
    colours = LOOKS[theme].colours
    assert len(colours) == 8
    assert min(apart(a, b, vision) for a, b in combinations(colours, 2)) >= ALL_APART
    assert min(apart(a, b, vision) for a, b in combinations(colours[:4], 2)) >= FIRST_FOUR_APART


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_and_words_stand_out_from_the_paper(theme: Any) -> None:
    look = LOOKS[theme]
    assert min(contrast(colour, look.paper) for colour in look.colours) >= GRAPHICS_CONTRAST
    assert min(contrast(look.ink, look.paper), contrast(look.faint, look.paper)) >= TEXT_CONTRAST


@pytest.mark.parametrize("vision", MACHADO)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_map_goes_from_little_to_much_in_one_direction(theme: Any, vision: str) -> None:
    lightness = [oklab(np.array(MACHADO[vision]) @ linear(colour))[0] for colour in LOOKS[theme].scale]
    steps = np.diff(lightness)
    assert (steps < -0.05).all() if theme == "light" else (steps > 0.05).all()


def test_the_measure_knows_what_cannot_be_told_apart() -> None:
    assert apart("#00a000", "#b58a00", "deuteranopia") < apart("#00a000", "#b58a00", "full colour") / 2
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_paper_is_that_of_the_page(theme: Any) -> None:
    config = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    page = config["theme"][theme]
    assert (page["backgroundColor"], page["textColor"]) == (LOOKS[theme].paper, LOOKS[theme].ink)
