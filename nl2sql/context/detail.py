"""Which fields and metrics of the chosen datasets a prompt tells, most relevant first, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from nl2sql.catalog.model import Dataset, Field, Metric
from nl2sql.context.base import Context, Cut, LinkedTerm
from nl2sql.context.visible import ShownModel, shown_of

# Of a dataset that the question names. Tables as people model them have 10 to 30 fields; hundreds are exports.
MAX_FIELDS = 60
# Of one that only stands near, in a model that does not fit whole: enough to see what it is.
MAX_NEAR_FIELDS = 20
# The first so many of those rank best, and are likely to be needed though the question does not name them.
LIKELY_DATASETS = 3
MAX_METRICS = 30


def detailed(
    context: Context, ranked_fields: Callable[[Dataset], Sequence[Field]], metric_score: Callable[[Metric], float]
) -> Context:
    """The same context with its fields and metrics in their rank, at most so many of each, and with what was cut."""
    shown = shown_of(context.model)
    names = [name for name in context.datasets if name not in shown.closed]
    is_whole = len(names) == len(shown.place) - len(shown.closed)
    fields: dict[str, tuple[str, ...]] = {}
    for place, name in enumerate(names):
        dataset = shown.dataset(name)
        kept = fields_to_keep(dataset, names, context.linked, shown)
        rest = [f for f in ranked_fields(dataset) if f.name not in kept]
        is_likely = place < len(context.needed) + LIKELY_DATASETS
        limit = MAX_FIELDS if is_whole or name in context.needed or is_likely else MAX_NEAR_FIELDS
        first = [f.name for f in dataset.fields if f.name in kept]
        fields[name] = (*first, *(f.name for f in rest[: max(0, limit - len(first))]))
    linked = {term.target for term in context.linked if term.kind == "metric"}
    metrics = sorted(shown.metrics_of(names), key=lambda m: (m.name not in linked, -metric_score(m)))
    limit = max(MAX_METRICS, sum(metric.name in linked for metric in metrics))
    told = replace(context, fields=fields, metrics=tuple(metric.name for metric in metrics[:limit]))
    return replace(told, cut=cuts_of(told))


def fields_to_keep(
    dataset: Dataset, datasets: Collection[str], linked: Iterable[LinkedTerm], shown: ShownModel
) -> frozenset[str]:
    """Names of the fields without which a dataset is not understood, or not joined to the other `datasets`: its keys,
    join columns, label and times, and what the question names."""
    key = dataset.primary_key or next(iter(dataset.unique_keys), ())
    columns = {*key, *_join_columns(dataset.name, datasets, shown)}
    names = {dataset.label_field, dataset.time_field, dataset.start_field, dataset.end_field}
    names |= {each.time_field for each in dataset.filters}
    names |= {r.time_field for r in shown.joins_from.get(dataset.name, ()) if r.target in datasets}
    names |= {m.time_field.removeprefix(f"{dataset.name}.") for m in shown.metrics_of(datasets)}
    prefix = f"{dataset.name}."
    names |= {term.place.removeprefix(prefix) for term in linked if term.kind in ("field", "value")}
    return frozenset(f.name for f in dataset.fields if f.name in names or f.name in columns or f.expression in columns)


def _join_columns(name: str, datasets: Collection[str], shown: ShownModel) -> Iterator[str]:
    for each in datasets:
        for r in shown.joins_from.get(each, ()):
            if r.source == name and r.target in datasets:
                yield from r.source_columns
            if r.target == name:
                yield from r.target_columns


def cuts_of(context: Context, also: Iterable[Cut] = ()) -> tuple[Cut, ...]:
    """What the context lacks of the tables that are there, and of the fields and metrics of those it has."""
    shown = shown_of(context.model)
    names = [name for name in context.datasets if name not in shown.closed]
    of = len(shown.place) - len(shown.closed)
    cuts = [Cut("tables", of - len(names), of)]
    for name in names:
        fields = shown.dataset(name).fields
        told = context.fields.get(name)
        if told is not None:
            cuts.append(Cut(f"fields of {name}", sum(f.name not in told for f in fields), len(fields)))
    if context.metrics is not None:
        metrics = [metric.name for metric in shown.metrics_of(names)]
        cuts.append(Cut("metrics", sum(name not in context.metrics for name in metrics), len(metrics)))
    return (*(cut for cut in cuts if cut.left_out), *also)
