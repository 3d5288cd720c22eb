"""Run a command with a private JACK server; needs no sound card.

    python3 tools/with_server.py COMMAND [ARGUMENT ...]

The clients which the command opens reach that server.  The exit code is the
command's own.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests'))

import servers


def main(command):
    if not command:
        sys.exit(__doc__)
    with servers.Jack2() as server:
        return subprocess.run(command, env=server.env).returncode


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
