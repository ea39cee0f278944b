"""Adjectives that a model's numbers go by: with "long" a synonym of a river's length, "longest rivers", "the 3 shortest
rivers" and "rivers longer than 500" are about that length.

Nothing here knows what is long: a field says so by its synonyms, and without one these words are read as before.
"""

from __future__ import annotations

from nl2sql.catalog.model import Dataset
from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, is_joint, said
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    MetricSense,
    NumberSense,
    ValueSense,
    is_filler,
)

# Each adjective with the one that says the opposite of it; of both, a model need name only one.
OPPOSITES = {
    "long": "short", "large": "small", "big": "small", "high": "low", "tall": "short", "deep": "shallow",
    "wide": "narrow", "heavy": "light", "fast": "slow", "strong": "weak", "populous": "",
}  # fmt: skip
_LITTLE = {little: tuple(k for k, v in OPPOSITES.items() if v == little) for little in OPPOSITES.values() if little}


def forms(adjective: str) -> tuple[str, str]:
    """Comparative and superlative: "big" → "bigger", "biggest"."""
    if adjective.endswith("e"):
        return f"{adjective}r", f"{adjective}st"
    if adjective.endswith("y"):
        return f"{adjective[:-1]}ier", f"{adjective[:-1]}iest"
    doubled = adjective[-1] in "bdgmnt" and adjective[-2] in "aeiou" and adjective[-3:-2] not in "aeiou"
    stem = adjective + adjective[-1] if doubled else adjective
    return f"{stem}er", f"{stem}est"


# Words of the model that are more than the name of a field.
_MORE = (MetricSense, DatasetSense, ValueSense)
# Form → (whether it is the superlative, direction, what the model may call it).
FORMS: dict[str, tuple[bool, str, tuple[str, ...]]] = {}
for _word in OPPOSITES:
    for _form, _is_most in zip(forms(_word), (False, True), strict=True):
        FORMS[_form] = (_is_most, "max", (_word,))
for _word, _great in _LITTLE.items():
    for _form, _is_most in zip(forms(_word), (False, True), strict=True):
        FORMS[_form] = (_is_most, "min", (_word, *_great))
FORMS["most populous"] = (True, "max", ("populous",))
FORMS["least populous"] = (True, "min", ("populous",))


def direction_of(said: str) -> str:
    """ "max" or "min" for a superlative, else nothing."""
    is_most, direction, _ = FORMS.get(said.lower(), (False, "", ()))
    return direction if is_most else ""


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    for index, chunk in enumerate(question.chunks):
        extreme = said(chunk, "extreme")
        if extreme and (chunks := _highest_field(question.chunks, index, extreme.argument)):
            return inner(chunks)
        found = FORMS.get(chunk.words.lower().removesuffix(" than"))
        if found is None or found[0] == chunk.words.lower().endswith(" than"):
            continue
        is_most, direction, adjectives = found
        chunks = (_ranked if is_most else _compared)(question, index, direction, adjectives)
        if chunks is not None:
            return inner(chunks)
    return None


def _highest_field(chunks: tuple[Chunk, ...], index: int, direction: str) -> tuple[Chunk, ...] | None:
    """ "the best-rated restaurant in Miami" → "which restaurant in Miami with the highest rating"."""
    field, noun = index + 1, index + 2
    if noun >= len(chunks) or not chunks[field].has(FieldSense) or chunks[field].has(*_MORE):
        return None
    thing = _thing(chunks[noun])
    own = tuple(f for f in chunks[field].of(FieldSense) if f.dataset == thing)
    before = tuple(c for c in chunks[:index] if not c.has(NumberSense))
    if len(own) != 1 or not _leads(before) or any(c.word("by") for c in chunks[noun:]):
        return None
    ranked = Chunk(chunks[field].words, own)
    number = tuple(c for c in chunks[:index] if c.has(NumberSense))[:1]
    return (word("which", "list"), *number, *chunks[noun:], word("with", "with"), extreme_word(direction), ranked)


def extreme_word(direction: str) -> Chunk:
    return word("highest" if direction == "max" else "lowest", "extreme", direction)


def _leads(before: tuple[Chunk, ...]) -> bool:
    """Whether nothing has been asked yet: "what are the …"."""
    spoken = (c for c in before if not is_filler(c))
    return all(c.word("list") or c.word("is") or c.words.lower() in ("what", "top") for c in spoken)


def _ranked(question: Linked, index: int, direction: str, adjectives: tuple[str, ...]) -> tuple[Chunk, ...] | None:
    """ "the 3 longest rivers in Germany" → "which 3 rivers in Germany with the highest length"."""
    chunks = question.chunks
    noun = following(chunks, index)
    number = [chunks[noun]] if noun < len(chunks) and chunks[noun].has(NumberSense) else []
    noun = following(chunks, noun) if number else noun
    if noun >= len(chunks):
        return _behind(question, index, direction, adjectives)
    thing = _thing(chunks[noun])
    before = [c for c in chunks[:index] if thing and not is_filler(c)]
    if before and before[-1].has(NumberSense) and not number:
        number = [before.pop()]
    if not thing or not _leads(tuple(before)):
        return None
    field = field_of(question.model.dataset(thing), adjectives)
    if field is None or any(c.has(MetricSense) or c.word("by") for c in chunks[noun + 1 :]):
        return None
    return (
        word("which", "list"), *number, chunks[noun], *chunks[noun + 1 :],
        word("with", "with"), extreme_word(direction), field,
    )  # fmt: skip


def _behind(question: Linked, index: int, direction: str, adjectives: tuple[str, ...]) -> tuple[Chunk, ...] | None:
    """ "which lake is the largest" → "which lake has the highest area"."""
    before = list(question.chunks[:index])
    while before and is_filler(before[-1]):
        before.pop()
    if not before or not before[-1].word("is"):
        return None
    before.pop()
    things = [d for c in before for d in c.of(DatasetSense)]
    field = field_of(question.model.dataset(things[0].dataset), adjectives) if len(things) == 1 else None
    if field is None:
        return None
    return (*before, word("with", "with"), extreme_word(direction), field)


def _compared(question: Linked, index: int, direction: str, adjectives: tuple[str, ...]) -> tuple[Chunk, ...] | None:
    """ "rivers longer than 500" → "rivers with a length over 500"."""
    chunks = question.chunks
    number = following(chunks, index)
    if number >= len(chunks) or not chunks[number].has(NumberSense):
        return None
    start = index
    while start and is_joint(chunks[start - 1]) and not chunks[start - 1].word("and"):
        start -= 1
    things = [d for c in chunks[:start] for d in c.of(DatasetSense)]
    if not things:
        return None
    field = field_of(question.model.dataset(things[-1].dataset), adjectives)
    if field is None:
        return None
    over = word("over", "compare", ">") if direction == "max" else word("below", "compare", "<")
    return (*chunks[:start], word("with", "with"), field, over, *chunks[number:])


def _thing(chunk: Chunk) -> str:
    datasets = chunk.of(DatasetSense)
    return datasets[0].dataset if len(datasets) == 1 and not chunk.has(MetricSense) else ""


def field_of(dataset: Dataset, adjectives: tuple[str, ...]) -> Chunk | None:
    """The one number of the dataset that goes by one of the adjectives."""
    fields = [f for f in dataset.fields if set(f.synonyms) & set(adjectives) and f.datatype.is_number]
    if len(fields) != 1 or fields[0].sensitive:
        return None
    return Chunk(fields[0].label or fields[0].name, (FieldSense(dataset.name, fields[0].name),))


GRADABLE = Construct(
    "adjectives that a number goes by",
    _read,
    {("graded", ""): " | ".join(form if is_most else f"{form} than" for form, (is_most, _, _) in FORMS.items())},
)
