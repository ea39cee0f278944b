"""Every exception the product raises on purpose.

    Nl2SqlError
    ├── SettingsInvalid            a setting has a value it cannot have
    ├── ModelInvalid               a semantic model file cannot be used (file, line, what is wrong, what is allowed)
    ├── PolicyInvalid              a policy file cannot be used
    ├── PromptInvalid              a prompt template is missing or broken
    ├── QuestionInvalid            the question is empty or too long to be one
    ├── LanguageModelError         the model provider did not give a usable completion
    │   ├── ModelAuthFailed        the key is missing, wrong, or not allowed to use the model
    │   ├── ModelUnreachable       no connection to the endpoint
    │   ├── ModelTimedOut          no completion within the limit
    │   ├── ModelBusy              rate limit or overload
    │   ├── ModelReplyInvalid      a completion came, but not in the agreed form
    │   ├── ModelCancelled         given up because whoever asked no longer waits
    │   └── BudgetSpent            the tokens or the money for today are used up
    ├── EngineError                the database did not run the query
    │   ├── DatabaseMissing        there is no database at the address
    │   ├── DatabaseUnreadable     there is something, but it is not a database this engine can read
    │   ├── DatabaseUnreachable    no connection
    │   ├── AccountUnsafe          the account may do more than read, and the setting strict is on
    │   ├── QueryTimedOut          stopped at the time limit
    │   ├── QueryCancelled         stopped because whoever asked no longer waits
    │   ├── QueryTooCostly         the database would have billed more than the limit, and ran nothing
    │   └── QueryFailed            the database refused the statement
    ├── ExportUnavailable          this answer cannot be written as a file of that kind, here or at all
    ├── RowQuotaReached            this person was given as many rows in a minute as their role may have
    └── CheckedSqlForged           something other than the guard tried to make or alter a CheckedSql

Each carries the stage it happened in, a stable code, whether trying again may help, a sentence for the
person who asked, and a hint for the one who repairs it (a developer, or a language model).
"""

from __future__ import annotations

from typing import ClassVar


class Nl2SqlError(Exception):
    """Base of all. `str(error)` is the user's sentence; nothing secret may be put into it."""

    stage: ClassVar[str] = "product"
    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, user_message: str, *, hint: str = "") -> None:
        super().__init__(user_message)
        self.user_message = user_message
        self.hint = hint


class SettingsInvalid(Nl2SqlError):
    stage = "settings"
    code = "settings_invalid"


class ModelInvalid(Nl2SqlError):
    stage = "catalog"
    code = "model_invalid"


class PolicyInvalid(Nl2SqlError):
    stage = "guard"
    code = "policy_invalid"


class PromptInvalid(Nl2SqlError):
    stage = "prompt"
    code = "prompt_invalid"


class QuestionInvalid(Nl2SqlError):
    stage = "question"
    code = "question_invalid"


class LanguageModelError(Nl2SqlError):
    """The tokens are those that were paid for in vain, as the provider counted them. `wait` is how many seconds nobody
    should ask again, as far as that was said."""

    stage = "llm"
    code = "llm_failed"
    wait: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class ModelAuthFailed(LanguageModelError):
    code = "llm_auth_failed"


class ModelUnreachable(LanguageModelError):
    code = "llm_unreachable"
    retryable = True


class ModelTimedOut(LanguageModelError):
    code = "llm_timed_out"
    retryable = True


class ModelBusy(LanguageModelError):
    code = "llm_busy"
    retryable = True


class ModelReplyInvalid(LanguageModelError):
    code = "llm_reply_invalid"


class ModelCancelled(LanguageModelError):
    code = "llm_cancelled"


class BudgetSpent(LanguageModelError):
    code = "llm_budget_spent"


class EngineError(Nl2SqlError):
    stage = "engine"
    code = "engine_failed"


class DatabaseMissing(EngineError):
    code = "database_missing"


class DatabaseUnreadable(EngineError):
    code = "database_unreadable"


class DatabaseUnreachable(EngineError):
    code = "database_unreachable"
    retryable = True


class AccountUnsafe(EngineError):
    code = "account_unsafe"


class QueryTimedOut(EngineError):
    code = "query_timed_out"


class QueryCancelled(EngineError):
    code = "query_cancelled"


class QueryTooCostly(EngineError):
    code = "query_too_costly"


class QueryFailed(EngineError):
    code = "query_failed"


class ExportUnavailable(Nl2SqlError):
    stage = "export"
    code = "export_unavailable"


class RowQuotaReached(Nl2SqlError):
    stage = "guard"
    code = "row_quota_reached"


class CheckedSqlForged(Nl2SqlError, TypeError):
    stage = "guard"
    code = "checked_sql_forged"
