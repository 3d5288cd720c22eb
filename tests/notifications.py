"""Makes a real server send each kind of notification.

Imported by the tests, and by their child processes (``tests.notifications``).
"""

import itertools
import threading
import time

import jack

KEY = 'http://example.org/key'


def wait_until(predicate, timeout=5):
    """Poll *predicate* with a deadline."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError(f'not within {timeout} s')
        time.sleep(0.005)


class Other:
    """An active client beside the observed one, which things happen to."""

    def __init__(self):
        self.client = jack.Client('other')
        self.source = self.client.outports.register('source')
        self.target = self.client.inports.register('target')
        self.cycles = 0
        self.frames = 0
        self._late = False
        self._names = itertools.cycle(['renamed', 'renamed again', 'source'])
        self.client.set_process_callback(self._process)
        self.client.activate()
        wait_until(lambda: self.cycles)

    def close(self):
        self.client.close()

    def _process(self, frames):
        self.cycles += 1
        self.frames = frames
        if self._late:
            self._late = False
            # Some twenty periods: late on any machine.
            threading.Event().wait(0.1)

    def freewheel(self):
        self.client.set_freewheel(True)
        self.client.set_freewheel(False)

    def blocksize(self):
        size = self.client.blocksize
        self.client.blocksize = 2 * size
        # Not every server would tell of sizes that no cycle has had.
        wait_until(lambda: self.frames == 2 * size)
        self.client.blocksize = size

    def client_registration(self):
        jack.Client('guest').close()

    def port_registration(self):
        self.client.midi_inports.register('new').unregister()

    def port_connect(self):
        self.source.connect(self.target)
        self.source.disconnect(self.target)

    def port_rename(self):
        # Never back to the name of before: that is not told for sure.
        self.source.shortname = next(self._names)
        self.source.shortname = next(self._names)

    graph_order = port_connect

    def xrun(self):
        self._late = True

    def property_change(self):
        self.client.set_property(self.client, KEY, 'value')
        self.client.remove_property(self.client, KEY)

    def timebase(self):
        self.client.transport_frame = 4800

    sync = timebase


#: The kinds that come on the notification thread.
NOTIFICATIONS = [
    'freewheel',
    'blocksize',
    'client_registration',
    'port_registration',
    'port_connect',
    'port_rename',
    'graph_order',
    'xrun',
    'property_change',
]

#: The kinds that come in the process cycle, beside the process callback.
IN_CYCLE = ['timebase', 'sync']

#: What the server has to be able to do; see tests/features.py.
NEEDS = {
    'freewheel': 'freewheel mode',
    'latency': 'latency callbacks without a connection',
    'port_rename': 'notification of renamed ports',
    'property_change': 'notification of all clients of a process',
    'session': 'sessions',
    'xrun': 'notification of xruns',
}


def needed(kinds):
    """Parameters for a test in which notifications of these kinds come.

    That a server does not send a kind is shown by one test for each.
    """
    import pytest

    return [
        pytest.param(kind, marks=pytest.mark.needs(NEEDS[kind], run=False))
        if kind in NEEDS
        else kind
        for kind in kinds
    ]


def setter(client, kind):
    return getattr(client, f'set_{kind}_callback')
