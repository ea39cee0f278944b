"""What can be wrong with an evaluation itself, as opposed to an answer.

Nl2SqlError
├── SuiteInvalid    a suite, or the gold query of one of its cases, cannot be used
├── SourceInvalid   a suite of somebody else's cannot be imported, or not written where it was told to
├── LogInvalid      a file is not the log of a run, or is damaged
├── LogUnwritable   the log of a run cannot be written: no room, no right
├── LogInUse        another run writes this log just now
├── RunDiffers      a log holds another run than the one that was to go on
├── ReportUnwritable     a report cannot be written where it was told to
├── RunsNotComparable    two runs were not asked the same of the same data, or not to the end
└── InstanceImpossible   a database like the one that is asked cannot be made
"""

from __future__ import annotations

from nl2sql.errors import Nl2SqlError


class SuiteInvalid(Nl2SqlError):
    stage = "evals"
    code = "suite_invalid"


class SourceInvalid(Nl2SqlError):
    stage = "evals"
    code = "source_invalid"


class LogInvalid(Nl2SqlError):
    stage = "evals"
    code = "log_invalid"


class LogUnwritable(Nl2SqlError):
    stage = "evals"
    code = "log_unwritable"


class LogInUse(Nl2SqlError):
    stage = "evals"
    code = "log_in_use"


class RunDiffers(Nl2SqlError):
    stage = "evals"
    code = "run_differs"


class ReportUnwritable(Nl2SqlError):
    stage = "evals"
    code = "report_unwritable"


class RunsNotComparable(Nl2SqlError):
    stage = "evals"
    code = "runs_not_comparable"


class InstanceImpossible(Nl2SqlError):
    stage = "evals"
    code = "instance_impossible"
