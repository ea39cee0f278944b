"""The addresses under /api/v1, by what they are about."""

from fastapi import APIRouter, Depends

from auction_core.api.rates import limit_requests

PREFIX = "/api/v1"


def new_router() -> APIRouter:
    """The whole address is in each route, so that figures can be told by it."""
    return APIRouter(prefix=PREFIX, dependencies=[Depends(limit_requests)])
