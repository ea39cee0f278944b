"""The words of a dataset's fields, and which of them a question's words say most for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from nl2sql.catalog.model import Field
from nl2sql.context.words import STOP, name_stems

# A word in a name says more about a field than one in its description or in a list of values.
NAME_WEIGHT, TEXT_WEIGHT = 2, 1


class FieldWords:
    """Made once a dataset. `measured` are the names of the fields that metrics read."""

    def __init__(self, fields: Sequence[Field], measured: Collection[str], rarity: Callable[[str], float]) -> None:
        self._rarity = rarity
        # Most likely to be needed without being said ("Italian restaurants": the cuisine) first, else in their order.
        self._order = sorted(fields, key=lambda field: -_likely(field, measured))
        self._names: dict[str, list[tuple[str, int]]] = {}
        self._texts: dict[str, list[str]] = {}
        self._whole: dict[tuple[str, int], float] = {}
        for field in fields:
            for number, called in enumerate(dict.fromkeys(filter(None, (field.name, field.label, *field.synonyms)))):
                words = set(name_stems(called)) - STOP
                self._whole[field.name, number] = sum(map(rarity, words))
                for word in words:
                    self._names.setdefault(word, []).append((field.name, number))
            values = [text for value in field.values for text in (value.value, *value.synonyms)]
            for word in {word for text in (field.description, *values) for word in name_stems(text)} - STOP:
                self._texts.setdefault(word, []).append(field.name)

    def ranked(self, words: Mapping[str, float]) -> list[Field]:
        """All fields, most relevant first: by the name of each that the words say most of, and by its texts.

        A name that is said whole counts in full, another by the share of it that is said: status before status_raw."""
        said: dict[tuple[str, int], float] = {}
        scores: dict[str, float] = {}
        for word, weight in words.items():
            value = weight * self._rarity(word)
            for name in self._names.get(word, ()):
                said[name] = said.get(name, 0.0) + value
            for field in self._texts.get(word, ()):
                scores[field] = scores.get(field, 0.0) + TEXT_WEIGHT * value
        best: dict[str, float] = {}
        for (field, number), value in said.items():
            best[field] = max(best.get(field, 0.0), value * value / self._whole[field, number])
        for field, value in best.items():
            scores[field] = scores.get(field, 0.0) + NAME_WEIGHT * value
        return sorted(self._order, key=lambda each: -scores.get(each.name, 0.0))


def _likely(field: Field, measured: Collection[str]) -> int:
    """What a metric reads, what has a vocabulary, what was given words, and what identifies something."""
    return sum(
        (
            field.name in measured,
            bool(field.values) or field.indexed,
            bool(field.synonyms or field.description),
            field.name.lower().endswith(("id", "key", "code")),
        )
    )
