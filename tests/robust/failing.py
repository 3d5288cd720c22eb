"""Raises all kinds of exceptions in one kind of callback; run as a child.

    python -m tests.robust.failing KIND

Prints the name of each exception that the program has survived.
"""

import contextlib
import sys
import tempfile
import threading

import jack
from tests.notifications import Other, setter, wait_until


class Silent(BaseException):
    """Neither an Exception nor able to say what it is."""

    def __str__(self):
        raise RuntimeError('no text')


class Endless:
    def __getattr__(self, name):
        # By way of C, which takes more of a thread's stack than calls within
        # Python do.
        return getattr(self, name)


def recurse(*args):
    return Endless().end


def allocate(*args):
    return bytearray(2**62)


def raising(cls):
    def callback(*args):
        raise cls('what went wrong')

    return callback


def exit_program(*args):
    sys.exit('what went wrong')


def chain(*args):
    try:
        raise KeyError('the first')
    except KeyError as error:
        raise ValueError('the second') from error


#: What libjack calls while it is being set: JACK 2's the second one as well.
CALLED_EARLY = ['samplerate']
if jack._IMPLEMENTATION == 'JACK 2':
    CALLED_EARLY.append('thread_init')

FAILURES = {
    'ValueError': raising(ValueError),
    'SystemExit': exit_program,
    'KeyboardInterrupt': raising(KeyboardInterrupt),
    'RecursionError': recurse,
    'MemoryError': allocate,
    'StopIteration': raising(StopIteration),
    'GeneratorExit': raising(GeneratorExit),
    'JackError': raising(jack.JackError),
    'Silent': raising(Silent),
    # Of the wrong arity: JACK passes fewer than this to all of them.
    'TypeError': lambda a, b, c, d, e, f: None,
}


def once(failure):
    """A callback which fails the first time only."""
    calls = []

    def callback(*args):
        calls.append(args)
        return failure(*args) if len(calls) == 1 else True

    return callback


def trigger(kind, other):
    if kind == 'latency':
        other.client.recompute_total_latencies()
    elif kind == 'session':
        # JACK 1 wants a new folder for each session.
        with tempfile.TemporaryDirectory() as folder:
            other.client.session_notify(1, f'{folder}/')
    elif hasattr(other, kind):
        # The others come by themselves.
        getattr(other, kind)()


def install(kind, client, callback):
    if kind == 'thread':
        client.set_process_thread(callback)
    else:
        setter(client, kind)(callback)


def refused(client, port):
    """Tell whether the client is not in the graph any more."""
    try:
        client.connect('system:capture_1', port)
    except jack.JackError as refusal:
        assert 'activate' in str(refusal), refusal
        return True
    # Leaving the graph may be faster.
    with contextlib.suppress(jack.JackErrorCode):
        client.disconnect('system:capture_1', port)
    return False


def fail(kind, name, failure, other):
    client = jack.Client('observer')
    port = client.inports.register('in')
    # The one of the wrong arity is to be called by the library itself.
    install(kind, client, failure if name == 'TypeError' else once(failure))
    # Whatever a cycle of our own would do to it is not the point here.
    if kind not in ('process', 'thread'):
        client.set_process_callback(lambda frames: None)
    if kind in CALLED_EARLY:
        # It was called by now, or is about to.
        wait_until(lambda: client.last_exception is not None)
        error = client.last_exception
        client.activate()
    else:
        client.activate()
        trigger(kind, other)
        wait_until(lambda: client.last_exception is not None)
        error = client.last_exception
    assert type(error).__name__ == name, repr(error)
    assert not client.closed
    if kind in ('process', 'thread'):
        # JACK was told: it has taken the client out of the graph.
        wait_until(lambda: not client.active)
        # It was not active any more a moment before the server knew of it.
        if jack._IMPLEMENTATION != 'PipeWire':
            wait_until(lambda: refused(client, port))
    else:
        assert client.active
        client.connect('system:capture_1', port)
    client.close()


def notifications(kind):
    other = Other()
    for name, failure in FAILURES.items():
        fail(kind, name, failure, other)
        print(name, flush=True)
    before = other.cycles
    wait_until(lambda: other.cycles > before + 10)
    other.client.transport_frame = 0
    other.close()


def message_function(kind):
    client = jack.Client('observer')
    client.activate()
    for name, failure in FAILURES.items():
        callback = once(failure) if name != 'TypeError' else failure
        getattr(jack, f'set_{kind}_function')(callback)
        for _ in range(2):
            if kind == 'error':
                with contextlib.suppress(jack.JackError):
                    jack.Client('observer', use_exact_name=True)
            else:
                jack._lib._raw.jack_info_callback(
                    jack._ffi.new('char[]', b'information')
                )
        print(name, flush=True)
    getattr(jack, f'set_{kind}_function')(lambda message: None)
    client.close()


def shutdown(name):
    calls = []
    client = jack.Client('observer')

    @client.set_shutdown_callback
    def callback(status, reason):
        calls.append((status, reason))
        FAILURES[name]()

    client.activate()
    print('up', flush=True)
    sys.stdin.readline()
    wait_until(lambda: client.last_exception is not None)
    assert type(client.last_exception).__name__ == name
    assert len(calls) == 1
    client.close()
    print('done', flush=True)


if __name__ == '__main__':
    kind = sys.argv[1]
    if kind in ('error', 'info'):
        message_function(kind)
    elif kind == 'shutdown':
        shutdown(sys.argv[2])
    else:
        notifications(kind)
    alive = [t.name for t in threading.enumerate() if not t.daemon]
    assert alive == ['MainThread'], alive
