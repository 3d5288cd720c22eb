"""Returns from one kind of callback what nobody expects; run as a child.

    python -m tests.robust.returning KIND

Prints the name of each value that the program has survived.
"""

import sys

import jack
from tests.notifications import Other, wait_until
from tests.robust.failing import install, trigger
from tests.robust.members import ignore


class Undecided:
    """Neither true nor false, and no number either."""

    def __bool__(self):
        raise RuntimeError('neither')

    __index__ = __int__ = __float__ = __len__ = __bool__


VALUES = {
    'text': 'text',
    '2**70': 2**70,
    'exception': ValueError('returned'),
    'pointer': jack._ffi.NULL,
    'undecided': Undecided(),
}


def survive(kind, name, other):
    """Have a callback return a value; the client has to go on."""
    client = jack.Client('observer')
    port = client.inports.register('in')
    calls = []

    def callback(*args):
        calls.append(args)
        return VALUES[name]

    install(kind, client, callback)
    if kind not in ('process', 'thread'):
        client.set_process_callback(ignore)
    client.activate()
    trigger(kind, other)
    wait_until(lambda: calls)
    if kind == 'thread':
        # It has returned, which is the end of the cycles.
        wait_until(lambda: not client.active)
    elif kind == 'process':
        wait_until(lambda: len(calls) > 5)
    if kind != 'thread':
        assert client.active
        client.connect('system:capture_1', port)
    if (kind, name) == ('sync', 'undecided'):
        # Its answer is the only one that JACK wants to know.
        wait_until(lambda: client.last_exception)
        assert type(client.last_exception) is RuntimeError
    else:
        assert client.last_exception is None
    other.client.transport_frame = 0
    client.close()


def main(kind):
    jack.set_error_function(ignore)
    other = Other()
    for name in VALUES:
        survive(kind, name, other)
        print(name, flush=True)
    other.close()


if __name__ == '__main__':
    main(sys.argv[1])
