"""What of a context may leave the house: the model without its sensitive fields, and without whatever reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from nl2sql.catalog.model import Dataset, Metric, Relationship, SemanticModel
from nl2sql.context.base import Context, Cut, Example, LinkedTerm
from nl2sql.context.kept import KeptByModel
from nl2sql.context.secrets import Secrets, datasets_of, is_closed, unsaid

# Of a question's words that name something, and of those that name what is not shown: more than any question needs.
MAX_LINKED = 40
# What is known of so many examples is kept: verified queries are dozens, or hundreds.
MAX_EXAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class VisibleModel:
    """Datasets are in the model's own order, so that prompts begin alike and a provider can reuse what it has read.

    What has a reading is not described a second time; `withheld` are words of the question that name
    something which is not shown. `joins` are by "dataset.expression" of the field that is joined on, else by "dataset".
    `cut` says what was left out for the size of the prompt.
    """

    description: str
    instructions: str
    datasets: tuple[Dataset, ...]
    joins: Mapping[str, tuple[Relationship, ...]]
    metrics: tuple[Metric, ...]
    readings: tuple[tuple[str, str], ...]
    linked: tuple[LinkedTerm, ...]
    withheld: tuple[str, ...]
    examples: tuple[Example, ...]
    cut: tuple[Cut, ...] = ()


class ShownModel:
    """A model as a prompt may tell it, dataset by dataset as they are asked for. Kept with `shown_of`."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.secrets = Secrets(model)
        self.closed = frozenset(d.name for d in model.datasets if is_closed(d))
        self.place = {dataset.name: place for place, dataset in enumerate(model.datasets)}
        self._datasets: dict[str, Dataset] = {}
        self._examples: dict[Example, bool] = {}

    def dataset(self, name: str) -> Dataset:
        """What may be told of a dataset that is not closed."""
        if name not in self._datasets:
            self._datasets[name] = self.secrets.without(self.model.dataset(name))
        return self._datasets[name]

    def may_tell(self, example: Example) -> bool:
        """Whether an example reads and spells nothing that is hidden, nor a value whose existence is not for the
        role."""
        if example not in self._examples:
            if len(self._examples) >= MAX_EXAMPLES:
                self._examples.clear()
            is_hidden = self.secrets.in_example(example)
            self._examples[example] = not is_hidden and all(self.may_tell_value(*each) for each in example.values)
        return self._examples[example]

    def may_tell_value(self, place: str, value: str) -> bool:
        """Whether a role may be told that a "dataset.field" holds a value: the field is shown, and its values are not
        from rows that the role may not see. Of a field that is not indexed as it sees it, only listed ones are told."""
        dataset, _, name = place.partition(".")
        if dataset in self.closed or dataset not in self.place:
            return False
        field = next((f for f in self.dataset(dataset).fields if f.name == name), None)
        return field is not None and (field.indexed or value in {each.value for each in field.values})

    @cached_property
    def metrics(self) -> Mapping[str, tuple[Metric, frozenset[str]]]:
        """Name → what may be told of a metric, and the datasets it reads."""
        model, secrets = self.model, self.secrets
        return {
            m.name: (replace(m, description=secrets.text(unsaid(m, model))), frozenset(datasets_of(m, model)))
            for m in model.metrics
            if not secrets.in_metric(m)
        }

    def metrics_of(self, datasets: Collection[str]) -> list[Metric]:
        """Those that read nothing else, in the model's order."""
        names = frozenset(datasets)
        return [metric for metric, read in self.metrics.values() if read <= names]

    @cached_property
    def texts(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """Description, instructions and readings."""
        model, text = self.model, self.secrets.text
        readings = tuple((term, said) for term, said in model.readings.items() if text(f"{term} {said}"))
        return text(model.description), text(model.instructions), readings

    @cached_property
    def joins_from(self) -> Mapping[str, tuple[Relationship, ...]]:
        """Dataset → the relationships that leave it and that read nothing sensitive."""
        found: dict[str, list[Relationship]] = {}
        for each in self.model.relationships:
            if not self.secrets.in_relationship(each):
                found.setdefault(each.source, []).append(each)
        return {name: tuple(each) for name, each in found.items()}


_shown: KeptByModel[ShownModel] = KeptByModel(ShownModel)


def shown_of(model: SemanticModel) -> ShownModel:
    return _shown.of(model)


def visible(context: Context) -> VisibleModel:
    shown = shown_of(context.model)
    names = [name for name in context.datasets if name not in shown.closed]
    names.sort(key=shown.place.__getitem__)
    whole = [shown.dataset(name) for name in names]
    metrics = shown.metrics_of(names)
    linked, withheld = _linked(context, shown, whole, metrics)
    description, instructions, readings = shown.texts
    if context.metrics is not None:
        metrics = [metric for metric in metrics if metric.name in context.metrics]
    return VisibleModel(
        description=description,
        instructions=instructions,
        datasets=tuple(_told(dataset, context) for dataset in whole),
        joins=_joins(context.model, [r for name in names for r in shown.joins_from.get(name, ()) if r.target in names]),
        metrics=tuple(metrics),
        readings=readings,
        linked=linked,
        withheld=withheld,
        examples=tuple(e for e in context.examples if shown.may_tell(e)),
        cut=context.cut,
    )


def names_hidden(sql: str, model: SemanticModel) -> bool:
    """Whether a statement may read a sensitive column."""
    return shown_of(model).secrets.in_statement(sql)


def _told(dataset: Dataset, context: Context) -> Dataset:
    """Without the fields and the values that are left out."""
    names, values_of = context.fields.get(dataset.name), context.values_of
    if names is None and values_of is None:
        return dataset
    kept = dataset.fields if names is None else tuple(f for f in dataset.fields if f.name in names)
    if values_of is not None:
        told = [f.values and f"{dataset.name}.{f.name}" not in values_of for f in kept]
        kept = tuple(replace(f, values=()) if out else f for f, out in zip(kept, told, strict=True))
    # The same object where nothing is left out, so that what was made from it can be found again.
    return dataset if kept == dataset.fields else replace(dataset, fields=kept)


def _linked(
    context: Context, shown: ShownModel, datasets: Iterable[Dataset], metrics: Iterable[Metric]
) -> tuple[tuple[LinkedTerm, ...], tuple[str, ...]]:
    """The terms that name what is shown, and the words that name nothing but what is not.

    What another dataset than those chosen holds is neither: it was cut, and not withheld.
    """
    targets = _targets(datasets, metrics)
    kept = [term for term in context.linked if (term.kind == "metric", term.place) in targets]
    said = {term.words for term in kept}
    hidden = [t.words for t in context.linked if t.words not in said and _is_near(t, context, shown)]
    return tuple(kept[:MAX_LINKED]), tuple(dict.fromkeys(hidden))[:MAX_LINKED]


def _is_near(term: LinkedTerm, context: Context, shown: ShownModel) -> bool:
    if term.kind == "metric":
        return term.target not in shown.metrics
    dataset = term.place.partition(".")[0]
    return dataset in shown.closed or dataset in context.datasets


def _targets(datasets: Iterable[Dataset], metrics: Iterable[Metric]) -> set[tuple[bool, str]]:
    """(whether it is a metric, name) of everything that is shown and that words can link to."""
    found = {(True, metric.name) for metric in metrics}
    for each in datasets:
        found.add((False, each.name))
        found |= {(False, f"{each.name}.{field.name}") for field in each.fields}
        found |= {(False, f"{each.name}.{named.name}") for named in each.filters}
    return found


def _joins(model: SemanticModel, relationships: Iterable[Relationship]) -> dict[str, tuple[Relationship, ...]]:
    joins: dict[str, tuple[Relationship, ...]] = {}
    for each in relationships:
        first = each.source_columns[0]
        is_field = any(field.expression == first for field in model.dataset(each.source).fields)
        place = f"{each.source}.{first}" if len(each.source_columns) == 1 and is_field else each.source
        joins[place] = (*joins.get(place, ()), each)
    return joins
