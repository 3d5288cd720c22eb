"""Within a callback no client is ended that JACK would wait for."""

import pytest
from notifications import IN_CYCLE, NOTIFICATIONS, needed
from peers import Peer

KINDS = [
    *NOTIFICATIONS,
    *IN_CYCLE,
    'thread_init',
    'samplerate',
    'latency',
    'session',
]

REFUSED = ['close', 'deactivate', 'leave', 'open']
GARBAGE = ['forget', 'collect']

#: Where nothing may be closed, for reasons of JACK's: jackd 1.9.21 with -S
#: stops for ever when a client is closed in freewheel mode (one in C, too),
#: and who asks for sessions waits for all answers.
KEPT = ['freewheel', 'session']


def attempt(run_module, server, kind, names):
    child = run_module('inside', kind, *names, server=server, timeout=30)
    assert child.stdout.split() == names
    assert child.stderr == ''


@pytest.mark.parametrize('kind', ['process', 'thread'])
def test_ends_within_the_cycle(mode_server, run_module, kind):
    attempt(run_module, mode_server, kind, REFUSED + GARBAGE)


@pytest.mark.parametrize('kind', needed(KINDS))
def test_ends_within_a_notification(make_server, run_module, kind):
    # Freewheeling takes seconds without -S.
    server = make_server(mode='sync', blocksize=128)
    names = REFUSED if kind in KEPT else REFUSED + GARBAGE
    attempt(run_module, server, kind, names)


# Those that have shown faults; the module does it for all kinds.
@pytest.mark.parametrize(
    'kind', needed(['sync', 'blocksize', 'graph_order', 'latency'])
)
def test_everything_is_asked_for_within_a_callback(
    make_server, run_module, kind
):
    server = make_server(mode='sync', blocksize=128)
    child = run_module('asking', kind, server=server, timeout=60)
    assert child.stdout.split()[-1] == 'uuid'
    assert child.stderr == ''


@pytest.mark.parametrize(
    'kind',
    [
        pytest.param(
            'error', marks=pytest.mark.needs('messages of libjack', run=False)
        ),
        'info',
    ],
)
def test_ends_within_a_message_function(run_module, kind):
    child = run_module('inside', kind, timeout=30)
    assert child.stdout.split() == ['close', 'forget']
    assert child.stderr == ''


CODE = """
import runpy
runpy.run_module('tests.robust.inside', run_name='__main__', alter_sys=True)
"""


@pytest.mark.parametrize('what', ['close', 'open', 'forget', 'collect'])
def test_ends_while_the_servers_end_is_told(mode_server, what):
    with Peer(mode_server, CODE, 'shutdown', what) as peer:
        peer.hear('up')
        mode_server.kill()
        peer.tell('gone')
        peer.hear('done')
