"""Whether the process that left something behind is still at work."""

import os


def is_running(pid: int) -> bool:
    """Of another process: what carries our own id was left by an earlier one."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()
