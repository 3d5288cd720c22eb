"""The server may freeze, die and come back at the worst of moments."""

import contextlib
import signal

import pytest
from peers import Peer
from servers import freeze

#: What a client is doing at that moment; see tests/robust/bereaved.py.
STATES = [
    'idle',
    'active',
    'native',
    'in_cycle_wait',
    'in_request',
    'in_opening',
    'in_process',
    'in_notification',
]

#: Everybody else may have to wait for these.
BLOCKING = ['in_process', 'in_notification']

CODE = """
import runpy
runpy.run_module('tests.robust.bereaved', run_name='__main__', alter_sys=True)
"""


def tell_all(peers, line, answer, timeout=20):
    """Tell something to all, at the same time, and hear their answers."""
    for peer in peers:
        peer.tell(line)
    for peer in peers:
        peer.hear(answer, timeout)


@contextlib.contextmanager
def clients_in(states):
    """Have a program for each (server, state)."""
    with contextlib.ExitStack() as stack:
        peers = [
            stack.enter_context(Peer(server, CODE, state))
            for server, state in states
        ]
        for peer in peers:
            peer.hear('up')
        tell_all(peers, 'enter', 'entered')
        yield peers


@contextlib.contextmanager
def stopped(servers):
    """Have servers frozen; those that are alive then go on in the end."""
    for server in servers:
        freeze(server.pid)
    try:
        yield
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize('state', STATES)
def test_a_server_is_killed_and_restarted(mode_server, state):
    with clients_in([(mode_server, state)]) as peers:
        mode_server.kill()
        tell_all(peers, 'gone', 'closed')
        mode_server.start()
        tell_all(peers, 'back', 'again')


def test_a_server_freezes_for_a_while(make_server, server_mode, lacks):
    blocking = [] if lacks('patience with late clients') else BLOCKING
    # At the same time, as each of them takes some seconds.
    places = {
        state: make_server(mode=server_mode)
        for state in ['others', *blocking]
    }
    servers = list(places.values())
    states = [
        (places.get(state, servers[0]), state)
        for state in STATES
        if state in blocking or state not in BLOCKING
    ]
    with clients_in(states) as peers:
        with stopped(servers):
            tell_all(peers, 'frozen', 'endured')
        tell_all(peers, 'thawed', 'works')


BEREFT = """
import os
import signal
import sys
import threading

import jack

clients = [jack.Client(f'bereft_{number}') for number in range(4)]
lost = threading.Semaphore(0)
for client in clients:
    client.set_process_callback(lambda frames: None)
    client.set_shutdown_callback(lambda *args: lost.release())
    client.activate()
os.kill(int(sys.argv[1]), signal.SIGKILL)
for client in clients:
    assert lost.acquire(timeout=5)
for client in clients:
    client.close()
# Threads that libjack has ended within Python would be too many.
assert len(sys._current_frames()) <= len(os.listdir('/proc/self/task'))
"""


def test_all_clients_of_a_program_can_be_closed_when_the_server_has_died(
    mode_server, run_python
):
    run_python(BEREFT, mode_server.pid, server=mode_server)


OPENING = """
import threading
import time

import jack

print('up', flush=True)
input()
ends = []

def open_client(number):
    start = time.monotonic()
    try:
        # The environment keeps JACK from starting another.
        client = jack.Client(f'early-{number}')
    except jack.JackError as error:
        ends.append((time.monotonic() - start, type(error).__name__))
    else:
        client.close()
        ends.append((time.monotonic() - start, 'opened'))

threads = [threading.Thread(target=open_client, args=[number])
           for number in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
assert max(duration for duration, _ in ends) < 5, ends
print('frozen', *sorted(end for _, end in ends), flush=True)
input()
# libjack answers these at last, or gives up; then it can be asked again.
deadline = time.monotonic() + 10
while True:
    try:
        jack.Client('late', no_start_server=True).close()
        break
    except jack.JackError:
        assert time.monotonic() < deadline
print('again', flush=True)
"""


def test_clients_are_opened_while_the_server_is_frozen(make_server):
    server = make_server()
    with Peer(server, OPENING) as peer:
        peer.hear('up')
        with stopped([server]):
            peer.tell('go on')
            assert peer.hear('frozen') == 'JackOpenError ' * 2 + (
                'JackOpenError')
        peer.tell('go on')
        peer.hear('again')


def test_a_frozen_server_is_killed_and_restarted(mode_server):
    states = [
        (mode_server, state) for state in STATES if state not in BLOCKING
    ]
    with clients_in(states) as peers:
        with stopped([mode_server]):
            tell_all(peers, 'frozen', 'endured')
            mode_server.kill()
        tell_all(peers, 'gone', 'closed')
        mode_server.start()
        tell_all(peers, 'back', 'again')


MANY = """
import threading

import jack
from tests.notifications import wait_until

told = []
clients = []

def open_client(number):
    client = jack.Client(f'many-{number}')
    client.set_shutdown_callback(lambda *args: told.append(number))
    if number % 2:
        client.activate()
    clients.append(client)

threads = [threading.Thread(target=open_client, args=[number])
           for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
# What was theirs may become somebody else's.
clients.pop(0).close()
print('up', len(clients), flush=True)
input()
wait_until(lambda: len(told) >= 7)
for client in clients:
    client.close()
print('told', len(told), len(set(told)), flush=True)
"""


def check_told(server, code, before, after):
    """Compare what a program tells before and after the server's end."""
    with Peer(server, code) as peer:
        assert peer.hear('up') == before
        server.kill()
        peer.tell('go on')
        assert peer.hear('told') == after


def test_each_of_many_clients_is_told_once(mode_server):
    check_told(mode_server, MANY, '7', '7 7')


FALSE_ALARM = """
import select

import jack
from tests.notifications import wait_until

told = []
looked = []
client = jack.Client('calm')
client.set_shutdown_callback(lambda *args: told.append(args))
watch, connection = jack._watch, client._core.connection
# JACK 2 tells of the server's end, so that there is nothing to watch.
if connection is not None:
    is_over = watch.is_over
    watch.is_over = lambda fd: looked.append(fd) or is_over(fd)
    # As if another connection of this number had ended a moment ago.
    watch.poll.modify(connection, select.EPOLLOUT | select.EPOLLONESHOT)
    wait_until(lambda: looked)
    watch.poll.modify(connection, jack._ONCE)
client.inports.register('in')
print('up', len(told), flush=True)
input()
wait_until(lambda: told)
# As if libjack and the watch had told of it at the same time.
client._core.end, end = '', client._core.end
watch.tell(client._core)
client._core.end = end
client.close()
print('told', len(told), flush=True)
"""


ABOUT_TO_BE_ACTIVE = """
import jack
from tests.notifications import wait_until

client = jack.Client('about-to-be-active')
told = []
client.set_shutdown_callback(lambda status, reason: told.append(reason))
# jack_activate() has been called, and the server does not live to answer.
client._core.active = True
print('up', len(told), flush=True)
input()
wait_until(lambda: told)
client.close()
print('told', len(told), flush=True)
"""


def test_a_client_is_told_which_is_about_to_be_activated(mode_server):
    check_told(mode_server, ABOUT_TO_BE_ACTIVE, '0', '1')


def test_a_server_is_not_taken_for_gone_before_it_is(mode_server):
    check_told(mode_server, FALSE_ALARM, '0', '1')


LEAVING = """
import os
import signal
import sys
import threading
import time

import jack

server = int(sys.argv[1])
client = jack.Client('leaver')
ready = threading.Event()
ending = False
exchanged = []

def profile(frame, event, argument):
    # JACK 1's thread exchanges four files, at which it waits from then on.
    exchanged.append(argument is os.dup2 and event == 'c_return')
    if ending and sum(exchanged) == (4 if jack._IMPLEMENTATION == 'JACK 1'
                                     else 0):
        sys.setprofile(None)
        os.kill(server, signal.SIGKILL)

@client.set_process_callback
def process(frames):
    sys.setprofile(profile)
    ready.set()

client.activate()
assert ready.wait(5)
print('up', flush=True)
input()
ending = True
start = time.monotonic()
client.deactivate()
client.close()
print('told', time.monotonic() - start < 1.5, flush=True)
"""


def test_a_server_is_killed_while_a_client_leaves_it(mode_server, wait_until):
    with Peer(mode_server, LEAVING, str(mode_server.pid)) as peer:
        peer.hear('up')
        peer.tell('leave')
        assert peer.hear('told') == 'True'
        # It has been killed, but need not have ended.
        wait_until(lambda: not mode_server.alive())


SAYING_SO = """
import threading
import time

import jack
from tests.notifications import wait_until

entered = threading.Event()
inside = []

def complain(message):
    if not entered.is_set():
        inside.append(message)
        entered.set()
        time.sleep(0.5)
        inside.remove(message)

client = jack.Client('plaintiff')
client.set_shutdown_callback(lambda *args: entered.set())
client.activate()
jack.set_error_function(complain)
print('up', flush=True)
input()
assert entered.wait(5)
client.close()
wait_until(lambda: not inside)
print('told', flush=True)
"""


def test_a_client_may_be_closed_while_libjack_says_that_the_server_is_gone(
    mode_server,
):
    # On JACK 1 by the client's own thread, which closing would end.
    check_told(mode_server, SAYING_SO, '', '')


BESIDE_SOCKETS = """
import socket
import threading

import jack
from tests.notifications import wait_until

told = []
clients = []
done = threading.Event()

def open_and_close():
    while not done.is_set():
        for pair in [socket.socketpair() for _ in range(20)]:
            for end in pair:
                end.close()

thread = threading.Thread(target=open_and_close)
thread.start()
try:
    for number in range(30):
        client = jack.Client(f'beside-{number}')
        client.set_shutdown_callback(lambda *args: told.append(args))
        clients.append(client)
finally:
    done.set()
    thread.join()
print('up', len(told), flush=True)
input()
wait_until(lambda: len(told) >= 30)
for client in clients:
    client.close()
print('told', len(told), flush=True)
"""


def test_clients_are_opened_while_sockets_come_and_go(make_server):
    check_told(make_server(), BESIDE_SOCKETS, '0', '30')
