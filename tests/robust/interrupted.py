"""Has a signal handler raise an exception at any moment; run as a child.

    python -m tests.robust.interrupted ROUNDS
    python -m tests.robust.interrupted open|close|activate|deactivate|patch
"""

import concurrent.futures
import contextlib
import gc
import random
import signal
import sys
import time

import jack
from tests.notifications import wait_until
from tests.robust.load import count
from tests.robust.members import ignore

BOUND = 5


class Interruption(BaseException):
    """What KeyboardInterrupt is to most programs."""


def is_ignored(frame):
    """Tell whether Python would print an exception, and go on.

    It does so out of `__del__`, and out of the callback of a weak reference,
    whoever keeps such references.
    """
    while frame is not None:
        if (
            frame.f_code.co_name == '__del__'
            or frame.f_globals.get('__name__') == 'weakref'
        ):
            return True
        frame = frame.f_back
    return False


class Alarm:
    """Raises an `Interruption` in the main thread, once, a bit later."""

    def __init__(self, seed, longest):
        self.longest = longest
        self.random = random.Random(seed)
        self.armed = False
        self.hits = 0
        signal.signal(signal.SIGALRM, self.handle)

    def handle(self, number, frame):
        if not self.armed:
            return
        if is_ignored(frame):
            signal.setitimer(signal.ITIMER_REAL, 0.0001)
            return
        self.armed = False
        self.hits += 1
        raise Interruption

    def __enter__(self):
        self.armed = True
        signal.setitimer(
            signal.ITIMER_REAL, self.random.uniform(0.0005, self.longest)
        )

    def __exit__(self, *_):
        self.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)


def live(clients):
    """All that a client does in its life."""
    clients.append(jack.Client('subject'))
    (client,) = clients
    source = client.outports.register('out')
    target = client.inports.register('in')
    client.set_process_callback(lambda frames: target.get_buffer())
    client.set_port_connect_callback(ignore)
    client.activate()
    client.connect(source, target)
    client.get_ports()
    source.unregister()
    client.deactivate()
    client.activate()
    client.close()


def main(rounds):
    jack.set_error_function(ignore)
    # An exception within the parser of cffi, which is at work in the first
    # life of a client, is too much for that parser (pycparser 2).
    live([])
    lives = []
    for _ in range(3):
        begin = time.monotonic()
        live([])
        lives.append(time.monotonic() - begin)
    alarm = Alarm(5, min(lives))
    witness = jack.Client('witness')
    witness.activate()
    descriptors = count('fd')
    for _ in range(rounds):
        begin = time.monotonic()
        clients = []
        try:
            with alarm:
                live(clients)
        except Interruption:
            if clients and not clients[0].closed and alarm.hits % 2:
                # It can be used on.
                clients[0].activate()
                assert clients[0].get_ports('system')
        for client in clients:
            client.close()
            assert client.closed
        seconds = time.monotonic() - begin
        assert seconds < BOUND, seconds
    assert alarm.hits > rounds / 4, alarm.hits

    def no_more_than_before():
        # One collection is enough for CPython only.
        gc.collect()
        return count('fd') <= descriptors

    client = clients = None
    # A client that was opened when the exception came has been closed.
    wait_until(no_more_than_before, BOUND)
    wait_until(lambda: witness.get_ports('^subject') == [])
    witness.close()


class AtCall:
    """Raises an `Interruption` at the calls that jack.py makes.

    Once in each place: where a function of jack.py begins, and where one of C
    has returned.  These are the points at which Python calls handlers of
    signals.  So are those of a context manager that is a generator.  The
    exception is kept until the next one, as that may keep something held.
    """

    def __init__(self):
        self.places = set()
        self.raised = False
        self.kept = None

    def __enter__(self):
        self.raised = False
        self.kept = None
        sys.setprofile(self.profile)

    def __exit__(self, kind, error, _):
        sys.setprofile(None)
        self.kept = error
        return kind is Interruption

    def profile(self, frame, event, arg):
        is_contextlib = frame.f_globals is vars(contextlib)
        if not is_contextlib and frame.f_globals is not vars(jack):
            return
        if event == 'call':
            if is_contextlib and frame.f_code.co_name != '__exit__':
                # Nothing has begun yet, as at the call that led here.
                return
            if sys.version_info < (3, 11) and frame.f_lasti >= 0:
                # A generator goes on.  An exception from here would leave
                # out its `finally`; that of a signal handler does not.
                return
            caller = frame.f_back
            place = frame.f_code, caller.f_code, caller.f_lineno
        elif event == 'c_return':
            place = arg.__name__, frame.f_code, frame.f_lineno
        else:
            return
        if place not in self.places:
            self.places.add(place)
            self.raised = True
            sys.setprofile(None)
            raise Interruption


def patch(client):
    (source,) = client.outports
    (target,) = client.inports
    client.connect(source, target)
    client.get_ports()
    source.shortname = 'renamed'
    source.unregister()


#: Whether the client is active before, and what is interrupted.
ACTIONS = {
    'open': (False, None),
    'close': (True, jack.Client.close),
    'activate': (False, jack.Client.activate),
    'deactivate': (True, jack.Client.deactivate),
    'patch': (True, patch),
}


def use(client):
    """Do what an interruption must not have made impossible."""
    client.deactivate()
    client.activate()
    assert client.get_ports('^subject:in$')
    client.inports.register('another').unregister()


def at_each_call(what):
    """Interrupt what a client does wherever that can be."""
    active, action = ACTIONS[what]
    interval = sys.getswitchinterval()
    witness = jack.Client('witness')
    witness.activate()
    # The first one has files that stay open.
    with jack.Client('first'):
        pass
    descriptors = count('fd')

    def as_before():
        gc.collect()
        return count('fd') <= descriptors and not witness.get_ports('^subj')

    at_call = AtCall()
    while True:
        clients = []
        if action is not None:
            clients.append(jack.Client('subject'))
            clients[0].outports.register('out')
            clients[0].inports.register('in')
            clients[0].set_process_callback(ignore)
            if active:
                clients[0].activate()
        with at_call:
            if action is None:
                clients.append(jack.Client('subject'))
            else:
                action(clients[0])
        for client in clients:
            if what not in ('open', 'close'):
                # This thread could have what it has not given back.
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    pool.submit(use, client).result()
                use(client)
            client.close()
        assert sys.getswitchinterval() == interval
        # With the client that its frames know.
        client = clients = at_call.kept = None
        wait_until(as_before, BOUND)
        if not at_call.raised:
            break
    assert len(at_call.places) > 20, at_call.places
    witness.close()


if __name__ == '__main__':
    if sys.argv[1].isdecimal():
        main(int(sys.argv[1]))
    else:
        at_each_call(sys.argv[1])
