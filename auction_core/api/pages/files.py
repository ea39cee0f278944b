"""The style sheet, the script and the icon: named here one by one, so that no path leads anywhere else."""

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from auction_core.api.pages.render import file

TYPES = {"auction.css": "text/css", "auction.js": "text/javascript", "icon.svg": "image/svg+xml"}
router = APIRouter()


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    if name not in TYPES:
        raise HTTPException(404)
    # The address has the hash of the content.
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(file(name), media_type=TYPES[name], headers=headers)


@router.get("/favicon.ico")
def favicon() -> Response:
    return static_file("icon.svg")
