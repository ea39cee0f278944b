"""What the access log leaves out."""

import logging


class WithoutQuery(logging.Filter):
    """Addresses are logged without what follows the question mark: it is what people look for. Headers never are."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, version, status = record.args
            record.args = (client, method, str(address).partition("?")[0], version, status)
        return True
