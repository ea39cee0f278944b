"""The pages for people: rendered by the server, usable without JavaScript, live with it."""

from fastapi import APIRouter, Depends

from auction_core.api.pages import account, bidding, browse, files, mine, selling
from auction_core.api.pages.visit import limit_pages

pages = APIRouter(dependencies=[Depends(limit_pages)])
for room in (browse, bidding, selling, mine, account):
    pages.include_router(room.router)
router = APIRouter()
router.include_router(files.router)
router.include_router(pages)

__all__ = ["router"]
