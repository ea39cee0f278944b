"""What can be wrong with an evaluation itself, as opposed to an answer.

Nl2SqlError
└── SuiteInvalid    a suite, or the gold query of one of its cases, cannot be used
"""

from __future__ import annotations

from nl2sql.errors import Nl2SqlError


class SuiteInvalid(Nl2SqlError):
    stage = "evals"
    code = "suite_invalid"
