"""Which extra of the product brings a package that a command could not import."""

_EXTRAS = {
    "backend": ("alembic", "argon2", "fastapi", "itsdangerous", "jwt", "limits", "prometheus_client", "uvicorn"),
    "duckdb": ("duckdb",),
    "mysql": ("pymysql",),
    "postgres": ("psycopg",),
}


def extra_with(module: str | None) -> str | None:
    """None for a module that belongs to no extra: then the installation is broken."""
    package = (module or "").split(".")[0]
    return next((extra for extra, packages in _EXTRAS.items() if package in packages), None)
