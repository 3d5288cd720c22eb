"""Has its server frozen or killed at a bad moment; run as a child process.

    python -m tests.robust.bereaved STATE

Told of what happens to the server by lines on standard input, it answers
with a word each: 'frozen' 'endured', 'thawed' 'works', 'gone' 'closed',
'back' 'again'.
"""

import contextlib
import sys
import threading
import time

import jack
from tests.notifications import wait_until
from tests.robust.members import ignore

#: Seconds that a call may take, whatever has happened to the server.
BOUND = 5


class Deadlines:
    """Makes calls that have to end in time, by a `JackError` at worst."""

    def __init__(self):
        self.problems = []

    def call(self, what, function):
        """Call *function*; returns the error, if there was one."""
        begin = time.monotonic()
        error = None
        try:
            function()
        except jack.JackError as e:
            error = e
        except BaseException as e:
            self.problems.append(f'{what}: {e!r}')
        seconds = time.monotonic() - begin
        if seconds > BOUND:
            self.problems.append(f'{what}: took {seconds:.1f} s')
        return error

    def refused(self, what, function):
        """Call *function*, which has to be a `JackError`."""
        if self.call(what, function) is None:
            self.problems.append(f'{what}: succeeded')

    def at_once(self, calls):
        """Make calls, (what, function), on threads of their own."""
        threads = [
            threading.Thread(target=self.call, args=call, daemon=True)
            for call in calls
        ]
        for thread in threads:
            thread.start()
        for (what, _), thread in zip(calls, threads):
            thread.join(2 * BOUND)
            if thread.is_alive():
                self.problems.append(f'{what}: has not returned')

    def check(self):
        assert not self.problems, '\n'.join(self.problems)


class Subject:
    """A client in one of the states in which the server may leave it."""

    def __init__(self, state):
        self.state = state
        self.client = client = jack.Client(state)
        self.told = []
        client.set_shutdown_callback(lambda *args: self.told.append(args))
        self.source = client.outports.register('out')
        self.target = client.inports.register('in')
        self.cycles = 0
        #: Set when the client is in its state.
        self.inside = threading.Event()
        #: Ends what is going on in a callback or a thread.
        self.released = threading.Event()
        self.blocking = False
        self.threads = []
        getattr(self, state)()

    # The states.

    def idle(self):
        """The client is open and no more."""

    def active(self):
        self.client.set_process_callback(self.process)
        self.client.activate()
        self.client.connect(self.source, self.target)
        wait_until(lambda: self.cycles > 5)

    def native(self):
        """Active, with no Python in the cycle."""
        self.client.activate()
        self.client.connect(self.source, self.target)

    def in_process(self):
        self.active()

    def in_notification(self):
        self.client.set_port_rename_callback(self.notified)
        self.active()

    def in_cycle_wait(self):
        self.client.set_process_thread(self.loop)
        self.client.activate()
        wait_until(lambda: self.cycles > 5)

    def in_request(self):
        self.active()
        self.start(self.request)

    def in_opening(self):
        self.start(self.open)

    # What is done in them.

    def process(self, frames):
        self.source.get_buffer()
        self.cycles += 1
        if self.blocking:
            self.inside.set()
            self.released.wait()

    def notified(self, port, old, new):
        if self.blocking:
            self.inside.set()
            self.released.wait()

    def loop(self):
        while True:
            self.client.cycle_wait()
            self.cycles += 1
            self.client.cycle_signal()

    def request(self):
        while not self.released.is_set():
            with contextlib.suppress(jack.JackError):
                self.client.inports.register('passing').unregister()
                self.inside.set()

    def open(self):
        while not self.released.is_set():
            with contextlib.suppress(jack.JackError):
                jack.Client('passing', no_start_server=True).close()
                self.inside.set()

    def start(self, target):
        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        self.threads.append(thread)

    def enter(self):
        """Return when the bad moment has come."""
        if self.state in ('in_process', 'in_notification'):
            self.blocking = True
        if self.state == 'in_notification':
            # Nobody waits for the end of this kind of notification.
            self.target.shortname = 'renamed'
        if self.state in ('in_process', 'in_notification', 'in_request',
                          'in_opening'):
            assert self.inside.wait(BOUND)

    def leave(self):
        """End what has been going on."""
        self.blocking = False
        self.released.set()
        for thread in self.threads:
            thread.join(2 * BOUND)
            assert not thread.is_alive(), 'a thread hangs'

    # What it is used for.

    def queries(self):
        """Calls which need no answer from the server."""
        client = self.client
        for name in ('samplerate', 'blocksize', 'frame_time', 'cycle_times',
                     'transport_state', 'transport_frame', 'uuid'):
            yield name, lambda name=name: getattr(client, name)
        for name in ('cpu_load', 'get_ports', 'transport_query',
                     'transport_start', 'transport_stop'):
            yield name, getattr(client, name)
        for port in self.source, self.target:
            for name in 'name', 'connections', 'aliases', 'uuid', 'flags':
                yield name, lambda port=port, name=name: getattr(port, name)

    def requests(self):
        """Calls which the server has to answer."""
        client = self.client
        yield 'blocksize =', lambda: setattr(client, 'blocksize', 512)
        yield 'set_freewheel', lambda: client.set_freewheel(True)
        yield 'register', lambda: client.inports.register('more')
        yield 'connect', lambda: client.connect(
            self.source, 'system:playback_1')
        yield 'disconnect', lambda: client.disconnect(
            self.source, self.target)
        yield 'shortname =', lambda: setattr(self.target, 'shortname', 'x')
        yield 'set_property', lambda: client.set_property(
            client, 'http://example.org/key', 'value')
        yield 'open', lambda: jack.Client('late', no_start_server=True)

    def ends(self):
        """The ways out."""
        yield 'unregister', self.target.unregister
        yield 'deactivate', self.client.deactivate
        yield 'close', self.client.close

    def works(self, client):
        """A client can do what clients do."""
        cycles = []
        client.set_process_callback(cycles.append)
        port = client.inports.register('working')
        with client:
            wait_until(lambda: len(cycles) > 5, BOUND)
            client.connect('system:capture_1', port)
            wait_until(
                lambda: [p.name for p in port.connections]
                == ['system:capture_1']
            )


def frozen(subject):
    """Nothing hangs while the server is stopped."""
    deadlines = Deadlines()
    for what, function in subject.queries():
        deadlines.call(what, function)
    # All at once, as each of them takes some seconds.  One server in
    # freewheel mode for the sake of eight programs would be a test of its
    # own.
    deadlines.at_once(
        [call for call in subject.requests() if call[0] != 'set_freewheel']
    )
    assert subject.told == [], subject.told
    deadlines.check()


def thawed(subject):
    """It goes on when the server does."""
    subject.leave()
    client = subject.client
    assert subject.told == [], subject.told
    assert not client.closed
    if client.active:
        client.deactivate()
    if subject.state == 'in_cycle_wait':
        # The cycles go to its loop still.
        before = subject.cycles
        client.activate()
        wait_until(lambda: subject.cycles > before + 5)
    if subject.state in ('in_cycle_wait', 'in_opening'):
        # When the server has broken off what it was about, libjack gives up
        # for the whole process: see test_known.py.
        client.close()
        client = jack.Client(f'following {subject.state}')
    subject.works(client)


def gone(subject):
    """Nothing hangs after the server's end, and its end is told once."""
    deadlines = Deadlines()
    if subject.state == 'in_process':
        # It cannot be closed, and says so.
        if jack._IMPLEMENTATION != 'JACK 1':
            # There, it is told on the very thread that is kept waiting.
            wait_until(lambda: subject.told)
        deadlines.refused('deactivate', subject.client.deactivate)
    elif subject.state == 'in_notification':
        # The end is told on the very thread that is kept waiting.
        for what, function in subject.queries():
            deadlines.call(what, function)
    subject.leave()
    wait_until(lambda: subject.told)
    for what, function in subject.queries():
        deadlines.refused(what, function)
    for what, function in subject.requests():
        deadlines.refused(what, function)
    for what, function in subject.ends():
        deadlines.call(what, function)
    assert subject.client.closed
    ((status, reason),) = subject.told
    assert type(status) is jack.Status
    assert status.failure or status.client_zombie, status
    assert type(reason) is str
    assert reason
    deadlines.check()


def back(subject):
    """A client on the next server works, and the old one is not revived."""
    # On PipeWire 0.3, others may have the same name.
    subject.works(jack.Client(f'again {subject.state}'))
    assert len(subject.told) == 1, subject.told
    assert subject.client.closed


ANSWERS = {
    'frozen': (frozen, 'endured'),
    'thawed': (thawed, 'works'),
    'gone': (gone, 'closed'),
    'back': (back, 'again'),
}


def main(state):
    jack.set_error_function(ignore)
    subject = Subject(state)
    print('up', flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == 'enter':
            subject.enter()
            print('entered', flush=True)
            continue
        function, answer = ANSWERS[word]
        function(subject)
        print(answer, flush=True)


if __name__ == '__main__':
    main(sys.argv[1])
