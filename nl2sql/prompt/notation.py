"""What is told of a model in fewer words: expressions without what stands around them, terms that add something.

Pure abbreviation: whoever reads the notation that a template explains can write out every expression in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nl2sql.catalog.model import Dataset, Field, Metric, Relationship
from nl2sql.context.base import LinkedTerm
from nl2sql.context.quoting import as_word
from nl2sql.context.visible import VisibleModel

# "{listings.sold}" is as long as "listings.status = 'sold'": shorter expressions are clearer written out.
MIN_ABBREVIATED_CHARS = 30
# Shorter beginnings than "creat" of "creation" and "created_at" are shared by words that mean different things.
SHARED_BEGINNING = 4
# Words of a label that a column's type and place say already.
_GLUE = frozenset("a an at by date datetime id in is it name now number of on since text the time when".split())

_SUBQUERY = re.compile(r"\bselect\b", re.IGNORECASE)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_RATIO = re.compile(r"(.+) \* 1\.0 / NULLIF\((.+), 0\)")
_BRACES = re.compile(r"\{[\w.]+\}")
_CALL = re.compile(r"\w+\(")
_WORDS = re.compile(r"[^\W_]+")
# A literal or a quoted name, which stays as it is; or the name before a dot.
_QUALIFIER = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\b(\w+)\.(?=\w)")


@dataclass(frozen=True, slots=True)
class BriefModel:
    """What a VisibleModel tells whatever the question, abbreviated.

    A dataset's own columns stand without its name, in its fields, filters, joins and in `metrics_of` it: the metrics
    that read it alone. `metrics` are the others. In a metric, `{name}` stands for the expression of the computed field,
    the named filter or the metric of that name, and `a ÷ b` for `a * 1.0 / NULLIF(b, 0)`. Joins to a key have no target
    columns. A named filter that is called like the one listed value it selects is no filter of its dataset here: its
    name is in `value_filters` of the dataset, and its time, if it has one, in `dated` by "dataset.field=value". The
    reading of a term that is the name of a field, a filter or a metric is its description.
    """

    description: str
    instructions: str
    datasets: tuple[Dataset, ...]
    joins: Mapping[str, tuple[Relationship, ...]]
    metrics_of: Mapping[str, tuple[Metric, ...]]
    metrics: tuple[Metric, ...]
    value_filters: Mapping[str, tuple[str, ...]]
    dated: Mapping[str, str]
    readings: tuple[tuple[str, str], ...]


def also(texts: Sequence[object], limit: int, *known: object) -> str:
    """In brackets, the first `limit` of the terms that the `known` texts do not already say."""
    said = {word for text in known for word in _words(text)}
    new: list[str] = []
    for text in texts:
        words = _words(text)
        if len(new) < limit and not all(_is_said(word, said) for word in words):
            new.append(as_word(text))
            said |= words
    return f" ({', '.join(new)})" if new else ""


def called(field: Field, dataset: Dataset) -> str:
    """In brackets, what people call a field, where its name and its dataset's do not say it."""
    return also((field.label,) if field.label else field.synonyms[:1], 1, field.name, dataset.name, *dataset.synonyms)


def is_headed(field: Field, dataset: Dataset) -> bool:
    """Whether a dataset's heading says all there is to say of a field: its key that is called id, its time."""
    if field.description or field.values or field.expression != field.name:
        return False
    is_key = field.name == "id" and dataset.primary_key == ("id",)
    return is_key or (field.name == dataset.time_field and not called(field, dataset))


def says_itself(term: LinkedTerm) -> bool:
    """Whether words are what they name: “GMV” is the metric gmv."""
    return term.kind in ("dataset", "metric") and term.words.lower() == term.target.lower()


def abbreviated(model: VisibleModel) -> BriefModel:
    names = {dataset.name for dataset in model.datasets}
    keys = {dataset.name: dataset.primary_key for dataset in model.datasets}
    told = _Told(model.readings)
    metrics_of: dict[str, tuple[Metric, ...]] = {}
    shared: list[Metric] = []
    for metric in _shortened(model.metrics, _defined(model.datasets)):
        metric = replace(metric, description=told.of(metric.name) or metric.description)
        read = _datasets_read(f"{metric.expression} {metric.time_field}") & names
        if len(read) == 1 and not _SUBQUERY.search(metric.expression):
            (dataset,) = read
            metrics_of[dataset] = (*metrics_of.get(dataset, ()), _own_metric(metric, dataset))
        else:
            shared.append(metric)
    dated: dict[str, str] = {}
    datasets = tuple(_own_dataset(dataset, dated, told) for dataset in model.datasets)
    return BriefModel(
        description=model.description,
        instructions=model.instructions,
        datasets=datasets,
        joins={place: tuple(_own_join(join, keys) for join in joins) for place, joins in model.joins.items()},
        metrics_of=metrics_of,
        metrics=tuple(shared),
        value_filters={
            full.name: tuple(each.name for each in full.filters if each.name not in {f.name for f in brief.filters})
            for full, brief in zip(model.datasets, datasets, strict=True)
        },
        dated=dated,
        readings=told.others(),
    )


def _words(text: object) -> set[str]:
    return {word.removesuffix("s") for word in _WORDS.findall(str(text).lower()) if word not in _GLUE}


def _is_said(word: str, said: set[str]) -> bool:
    return word in said or any(
        word[:SHARED_BEGINNING] == other[:SHARED_BEGINNING] for other in said if len(other) >= SHARED_BEGINNING
    )


# -- a dataset's own columns, without its name -----------------------------------------------------------------------


class _Told:
    """The readings by the name of what they are of; those that were taken are not told a second time."""

    def __init__(self, readings: Sequence[tuple[str, str]]) -> None:
        self._readings = readings
        self._terms = {_name(term): term for term, _ in readings}
        self._texts = dict(readings)
        self._taken: set[str] = set()

    def of(self, name: str) -> str:
        term = self._terms.get(_name(name), "")
        if term:
            self._taken.add(term)
        return self._texts.get(term, "")

    def others(self) -> tuple[tuple[str, str], ...]:
        return tuple(each for each in self._readings if each[0] not in self._taken)


def _name(text: str) -> str:
    return text.lower().replace("_", " ").replace("-", " ")


def _own_dataset(dataset: Dataset, dated: dict[str, str], told: _Told) -> Dataset:
    """Also notes in `dated` the times of the filters that are values."""
    name = dataset.name
    if not (dataset.filters or dataset.rows or any(each.expression != each.name for each in dataset.fields)):
        return dataset
    values = {f"{name}.{f.name} = '{v.value}'": f"{name}.{f.name}={v.value}" for f in dataset.fields for v in f.values}
    filters = []
    for each in dataset.filters:
        value = values.get(each.expression, "")
        description = told.of(each.name) or each.description
        if description or not value.endswith(f"={each.name}"):
            filters.append(replace(each, expression=_own(each.expression, name), description=description))
        elif each.time_field:
            dated[value] = each.time_field
    return replace(
        dataset,
        fields=tuple(_own_field(each, name, told) for each in dataset.fields),
        filters=tuple(filters),
        rows=_own(dataset.rows, name),
    )


def _own_field(each: Field, dataset: str, told: _Told) -> Field:
    if each.expression == each.name:
        return each
    return replace(each, expression=_own(each.expression, dataset), description=told.of(each.name) or each.description)


def _own_join(join: Relationship, keys: Mapping[str, tuple[str, ...]]) -> Relationship:
    to_key = len(join.target_columns) == 1 and join.target_columns == keys.get(join.target)
    columns = () if to_key else join.target_columns
    return replace(join, target_columns=columns, condition=_own(join.condition, join.source))


def _own_metric(metric: Metric, dataset: str) -> Metric:
    time = metric.time_field.removeprefix(f"{dataset}.")
    return replace(metric, expression=_own(metric.expression, dataset), time_field=time)


def _own(expression: str, dataset: str) -> str:
    """Within a subquery names are needed, and stay."""
    if f"{dataset}." not in expression or _SUBQUERY.search(expression):
        return expression
    return _QUALIFIER.sub(lambda found: "" if found.group(1) == dataset else found.group(), expression)


def _datasets_read(expression: str) -> set[str]:
    return {found.group(1) for found in _QUALIFIER.finditer(expression) if found.group(1)}


# -- what is defined once and meant again ----------------------------------------------------------------------------


def _defined(datasets: Iterable[Dataset]) -> list[tuple[str, str]]:
    """(expression, what stands for it), the longest first. An OR would come apart in another expression."""
    named: list[tuple[str, str, str]] = []
    for dataset in datasets:
        named += [(dataset.name, each.name, each.expression) for each in dataset.fields]
        named += [(dataset.name, each.name, each.expression) for each in dataset.filters]
    found = [
        (text, f"{{{dataset}.{name}}}")
        for dataset, name, text in named
        if len(text) >= MIN_ABBREVIATED_CHARS
        and f"{dataset}." in text
        and as_word(name) == name
        and not _OR.search(text)
    ]
    return sorted(found, key=lambda pair: -len(pair[0]))


def _shortened(metrics: Sequence[Metric], defined: Sequence[tuple[str, str]]) -> list[Metric]:
    """What stands by itself, in brackets or as the condition of a CASE, is written by its name; and so is a metric
    that is one call of a function."""
    calls = [
        (metric.expression, metric.name)
        for metric in metrics
        if len(metric.expression) >= MIN_ABBREVIATED_CHARS
        and as_word(metric.name) == metric.name
        and _is_one_call(metric.expression)
    ]
    return [replace(metric, expression=_with_names(metric, defined, calls)) for metric in metrics]


def _with_names(metric: Metric, defined: Sequence[tuple[str, str]], calls: Sequence[tuple[str, str]]) -> str:
    expression = metric.expression
    for text, name in calls:
        if name != metric.name and text != metric.expression:
            expression = re.sub(rf"(?<!\w){re.escape(text)}", f"{{{name}}}", expression)
    for text, name in defined:
        for before, after in (("(", ")"), ("WHEN ", " THEN")):
            expression = expression.replace(f"{before}{text}{after}", f"{before}{name}{after}")
    ratio = _RATIO.fullmatch(expression)
    if ratio and _is_one_term(ratio[1]) and _is_one_term(ratio[2]):
        return f"{ratio[1]} ÷ {ratio[2]}"
    return expression


def _is_one_term(expression: str) -> bool:
    return bool(_BRACES.fullmatch(expression)) or _is_one_call(expression)


def _is_one_call(expression: str) -> bool:
    """SUM(…), whose first bracket closes at its end."""
    bare = _LITERAL.sub("''", expression)
    if not _CALL.match(bare):
        return False
    depth = 0
    for at, character in enumerate(bare):
        depth += (character == "(") - (character == ")")
        if depth == 0 and character == ")":
            return at == len(bare) - 1
    return False
