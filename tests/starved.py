"""What child processes import to be short of files."""

import os
import resource


def take_all_files(limit=90):
    """Let no more files be opened; return some that can be closed."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        assert len(taken) > limit / 2
    return taken
