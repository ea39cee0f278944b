"""The statements that an export runs in BigQuery. Names are those of `auction_core.tables`: none needs quoting."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MergePlan:
    """`table` and `stage` are PROJECT.DATASET.TABLE; both have `columns`."""

    table: str
    stage: str
    columns: Sequence[str]
    key: Sequence[str]

    @property
    def insert(self) -> str:
        names = ", ".join(self.columns)
        return f"INSERT ({names}) VALUES ({', '.join(f'S.{name}' for name in self.columns)})"  # noqa: S608


def replace_all(plan: MergePlan) -> str:
    """All rows of the table become those of the stage, in one statement."""
    return (
        f"MERGE INTO `{plan.table}` AS T USING `{plan.stage}` AS S ON FALSE"
        " WHEN NOT MATCHED BY SOURCE THEN DELETE"
        f" WHEN NOT MATCHED BY TARGET THEN {plan.insert}"
    )


def merge_changes(plan: MergePlan, *, day: str | None, changing: bool) -> str:
    """`day` is the partitioning column; @oldest, its least value in the stage, keeps older partitions unread.

    Without `changing`, a row that is there stays as it is.
    """
    conditions = [f"T.{name} = S.{name}" for name in plan.key]
    if day:
        conditions += [f"T.{day} = S.{day}", f"T.{day} >= @oldest"]
    update = ""
    if changing:
        values = ", ".join(f"{name} = S.{name}" for name in plan.columns if name not in plan.key)
        newer = "COALESCE(S.updated_at, S.created_at) >= COALESCE(T.updated_at, T.created_at)"
        update = f" WHEN MATCHED AND {newer} THEN UPDATE SET {values}"
    return (
        f"MERGE INTO `{plan.table}` AS T USING `{plan.stage}` AS S ON {' AND '.join(conditions)}{update}"
        f" WHEN NOT MATCHED BY TARGET THEN {plan.insert}"
    )


def merge_states(table: str, count: int) -> str:
    """Parameters: @p0, the name of a table, @p1, its state, @p2, the next name, and so on."""
    rows = " UNION ALL ".join(f"SELECT @p{2 * n} AS table_name, @p{2 * n + 1} AS state" for n in range(count))
    return (
        f"MERGE INTO `{table}` AS T USING ({rows}) AS S ON T.table_name = S.table_name"  # noqa: S608
        " WHEN MATCHED THEN UPDATE SET state = S.state"
        " WHEN NOT MATCHED BY TARGET THEN INSERT (table_name, state) VALUES (S.table_name, S.state)"
    )
