"""An exception in a callback, whatever it is, ends nothing but the call."""

import re

import pytest
from notifications import needed
from peers import Peer

FAILURES = [
    'ValueError',
    'SystemExit',
    'KeyboardInterrupt',
    'RecursionError',
    'MemoryError',
    'StopIteration',
    'GeneratorExit',
    'JackError',
    'Silent',
    'TypeError',
]

KINDS = [
    'thread_init',
    'freewheel',
    'blocksize',
    'samplerate',
    'client_registration',
    'port_registration',
    'port_connect',
    'port_rename',
    'graph_order',
    'xrun',
    'latency',
    'property_change',
    'timebase',
    'sync',
    'session',
]


def check(child):
    """All failures were survived, and reported once each."""
    assert child.stdout.split() == FAILURES
    reports = re.split(r'^Exception in JACK .*:\n', child.stderr, flags=re.M)
    assert reports.pop(0) == ''
    names = []
    for report in reports:
        assert report.startswith('Traceback (most recent call last):\n')
        assert report.count('Traceback') == 1
        # A class of one's own is shown with its module.
        names.append(re.findall(r'^(?:[\w.]+\.)?(\w+)\b', report, re.M)[-1])
    # The last one fails whenever it is called.
    first = len(FAILURES) - 1
    assert names[:first] == FAILURES[:first]
    assert set(names[first:]) == {FAILURES[-1]}


UNHEARD = """
import sys

import jack
from tests.notifications import Other, wait_until

failing = jack.Client('failing')
calls = []

class Hostile:
    def write(self, text):
        raise KeyboardInterrupt

@failing.set_process_callback
def process(frames):
    calls.append(frames)
    raise ZeroDivisionError

neighbour = Other()
if sys.argv[1] == 'closed':
    sys.stderr.close()
else:
    sys.stderr = Hostile()
failing.activate()
wait_until(lambda: not failing.active)
assert isinstance(failing.last_exception, ZeroDivisionError)
before = neighbour.cycles
wait_until(lambda: neighbour.cycles > before + 20)
failing.deactivate(ignore_errors=False)
failing.close(ignore_errors=False)
neighbour.close()
assert len(calls) == 1
sys.stderr = sys.__stderr__
"""


@pytest.mark.parametrize('stderr', ['closed', 'hostile'])
def test_nobody_need_hear_of_a_failure(mode_server, run_python, stderr):
    run_python(UNHEARD, stderr, server=mode_server)


AT_ONCE = """
import threading

import jack

def fail(frames):
    raise jack.CallbackExit

def make_some():
    for _ in range(20):
        client = jack.Client('failing')
        client.set_process_callback(fail)
        client.activate()
        clients.append(client)
        if len(clients) > 8:
            clients.pop(0).close()

clients = []
threads = [threading.Thread(target=make_some) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.needs('time for others when clients fail at once')
def test_clients_that_fail_at_once_leave_time_for_others(
    make_server, run_python
):
    # PipeWire's threads were busy for nothing, in real time.
    run_python(AT_ONCE, server=make_server(), timeout=40)


@pytest.mark.parametrize('kind', ['process', 'thread'])
def test_all_failures_in_the_cycle(mode_server, run_module, kind):
    check(run_module('failing', kind, server=mode_server))


@pytest.mark.parametrize('kind', needed(KINDS))
def test_all_failures_in_a_notification(make_server, run_module, kind):
    # Freewheeling takes seconds without -S.
    server = make_server(mode='sync', blocksize=128)
    check(run_module('failing', kind, server=server, timeout=40))


@pytest.mark.parametrize(
    'kind',
    [
        pytest.param(
            'error', marks=pytest.mark.needs('messages of libjack', run=False)
        ),
        'info',
    ],
)
def test_all_failures_in_a_message_function(run_module, kind):
    check(run_module('failing', kind))


@pytest.mark.parametrize(
    'name', ['SystemExit', 'KeyboardInterrupt', 'RecursionError', 'Silent']
)
def test_all_failures_in_the_shutdown_callback(make_server, name):
    server = make_server()
    code = """
    import runpy
    runpy.run_module('tests.robust.failing', run_name='__main__',
                     alter_sys=True)
    """
    with Peer(server, code, 'shutdown', name) as peer:
        peer.hear('up')
        server.kill()
        peer.tell('gone')
        peer.hear('done')


RETURNED = ['text', '2**70', 'exception', 'pointer', 'undecided']


# Whoever asks for a session waits for replies, and not for this.
@pytest.mark.parametrize(
    'kind', needed(['process', 'thread', *KINDS[:-1]])
)
def test_whatever_a_callback_returns_does_no_harm(
    make_server, run_module, kind
):
    server = make_server(mode='sync', blocksize=128)
    child = run_module('returning', kind, server=server, timeout=30)
    assert child.stdout.split() == RETURNED
    # The answer of a sync callback is asked for, and had none.
    assert child.stderr.count('Traceback') == (kind == 'sync')
