"""What an operator's machines ask: alive? ready? how much?"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from auction_core import metrics
from auction_core.api.problems import Problem
from auction_core.api.state import reading_of
from auction_core.errors import AuctionError
from auction_core.migrations import is_at_head

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def live() -> PlainTextResponse:
    """The process answers; it says nothing of the database."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(request: Request) -> PlainTextResponse:
    """The database answers, and its tables are those that this program knows."""
    try:
        with reading_of(request) as connection:
            is_current = is_at_head(connection)
    except (SQLAlchemyError, AuctionError):
        raise _not_ready("The database does not answer.") from None
    if not is_current:
        raise _not_ready("The database is not migrated.")
    return PlainTextResponse("ready\n")


@router.get("/metrics")
async def figures(request: Request) -> Response:
    return Response(metrics.page(request.app.state.metrics.registry), headers={"Content-Type": metrics.CONTENT_TYPE})


def _not_ready(detail: str) -> Problem:
    return Problem(503, "not_ready", detail, headers={"Retry-After": "5"})
