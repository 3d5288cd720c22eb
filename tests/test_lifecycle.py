"""Beginnings and ends: of clients, of programs, of servers.

What could take the interpreter down runs in a process of its own.
"""

import copy
import gc
import pathlib
import pickle
import signal
import threading
import time
import weakref

import pytest
from notifications import IN_CYCLE, NOTIFICATIONS, needed
from peers import Cycle, Peer

import jack

# The promise is one second.  The test machines run other things at the same
# time, so twice that is allowed; what it guards against are the 5 s and more
# that libjack waits for a client which does not answer.
EXIT_SECONDS = 2


# -- The end of a program -----------------------------------------------------

OPEN = """
import os
import sys
import threading
import time
import jack

client = jack.Client('left-open')
port = client.outports.register('out')
cycles = []
done = threading.Event()

@client.set_process_callback
def process(frames):
    port.get_buffer()
    cycles.append(frames)
    if len(cycles) == 20:
        done.set()

client.set_port_connect_callback(lambda a, b, connect: None)
client.activate()
client.connect(port, 'system:playback_1')
assert done.wait(5)
print(time.monotonic(), flush=True)
"""

OPEN_AND_SAY_SO = OPEN.replace('print(', 'print("up", ')

BUSY = """
def spin():
    while True:
        pass

for _ in range({count}):
    threading.Thread(target=spin, daemon=True).start()
"""

ENDS = {
    'falling off the end': ('', 0, ''),
    'sys.exit': ('sys.exit(7)', 7, ''),
    'sys.exit with a text': ('sys.exit("sorry")', 1, 'sorry\n'),
    'a busy daemon thread': (BUSY.format(count=1), 0, ''),
    'two busy daemon threads': (BUSY.format(count=2), 0, ''),
    'no reference left': ('del client, port, process', 0, ''),
    'a cycle of references': (
        'client.me = client\ndel client, port, process',
        0,
        '',
    ),
    'a copy in a module': ('sys.modules["os"].kept = client', 0, ''),
    'deactivated': ('client.deactivate()', 0, ''),
    'within a with statement': ('with client: sys.exit(4)', 4, ''),
    'a thread that waits': (
        'threading.Thread(target=threading.Event().wait,'
        ' args=(30,), daemon=True).start()',
        0,
        '',
    ),
    'in a function': ('def f(c): sys.exit(3)\nf(client)', 3, ''),
}


def timed(run_python, code, server, **options):
    """Run a program that prints when it is at its end.

    Returns the finished process, and the seconds that it took from there.
    """
    child = run_python(code, server=server, **options)
    return child, time.monotonic() - float(child.stdout.split()[0])


@pytest.mark.parametrize('end', ENDS)
def test_a_program_may_end_with_an_active_client(mode_server, run_python, end):
    statement, code, err = ENDS[end]
    child, seconds = timed(
        run_python, OPEN + statement, mode_server, check=False
    )
    assert child.returncode == code
    assert child.stderr == err
    assert seconds < EXIT_SECONDS


def test_an_unhandled_exception_ends_the_program_as_ever(
    mode_server, run_python
):
    child, seconds = timed(
        run_python,
        OPEN + 'raise ValueError("oops")',
        mode_server,
        check=False,
    )
    assert child.returncode == 1
    assert child.stderr.startswith('Traceback (most recent call last)')
    assert child.stderr.endswith('ValueError: oops\n')
    assert child.stderr.count('Traceback') == 1
    assert seconds < EXIT_SECONDS


def test_sigint_ends_a_waiting_program(mode_server):
    # The signal may come as soon as it is up.
    code = (
        OPEN.rpartition('print(')[0]
        + """
try:
    print('up', flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    sys.exit(9)
"""
    )
    with Peer(mode_server, code, expect=9) as peer:
        peer.hear('up')
        peer.signal(signal.SIGINT)


def test_a_program_that_fails_in_its_callback_may_end_too(
    mode_server, run_python
):
    code = OPEN.replace(
        'done.set()', 'done.set()\n        raise jack.CallbackExit'
    )
    child, seconds = timed(run_python, code, mode_server)
    assert child.stderr == ''
    assert seconds < EXIT_SECONDS


def test_a_finished_program_is_gone_from_the_graph(server, client, run_python):
    run_python(OPEN)
    assert client.get_ports('^left-open:') == []


# -- Busy threads -------------------------------------------------------------

ROUNDS = """
import sys
import threading
import time
import jack

client = jack.Client('rounds')
port = client.outports.register('out')
cycles = 0
stop = False

@client.set_process_callback
def process(frames):
    global cycles
    port.get_buffer()
    cycles += 1

def spin():
    while not stop:
        pass

for _ in range(int(sys.argv[1])):
    threading.Thread(target=spin, daemon=True).start()
for number in range(20):
    before = cycles
    client.activate()
    deadline = time.monotonic() + 10
    while cycles < before + 2:
        assert time.monotonic() < deadline, (number, cycles, before)
        time.sleep(0.001)
    client.deactivate()
    after = cycles
client.close()
stop = True
print('done')
"""


@pytest.mark.parametrize('threads', [0, 1, 2])
def test_twenty_rounds_pass_beside_busy_threads(
    patient_server, run_python, threads
):
    child = run_python(ROUNDS, threads, server=patient_server, timeout=90)
    assert child.stdout == 'done\n'
    assert child.stderr == ''


@pytest.mark.parametrize('threads', [1, 2])
def test_clients_open_and_close_beside_busy_threads(
    patient_server, run_python, threads
):
    child = run_python(
        """
        import sys
        import threading
        import jack

        stop = False

        def spin():
            while not stop:
                pass

        for _ in range(int(sys.argv[1])):
            threading.Thread(target=spin, daemon=True).start()
        for number in range(10):
            client = jack.Client('short-lived')
            cycle = threading.Event()
            client.set_process_callback(lambda frames: cycle.set())
            with client:
                assert cycle.wait(10), number
        stop = True
        print('done')
        """,
        threads,
        server=patient_server,
        timeout=90,
    )
    assert child.stdout == 'done\n'
    assert child.stderr == ''


def test_many_clients_are_activated_at_once(patient_server, run_python):
    child = run_python(
        """
        import concurrent.futures
        import threading
        import jack

        for _ in range(5):
            clients = [jack.Client(f'one-of-many-{n}') for n in range(8)]
            cycles = {client: threading.Event() for client in clients}
            together = threading.Barrier(len(clients))

            def activate(client):
                client.set_process_callback(lambda _: cycles[client].set())
                together.wait()
                client.activate()
                assert cycles[client].wait(10)

            with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
                list(pool.map(activate, clients))
            for client in clients:
                client.close()
        print('done')
        """,
        server=patient_server,
        timeout=60,
    )
    assert child.stdout == 'done\n'
    assert child.stderr == ''


# -- Closing ------------------------------------------------------------------


def test_a_client_can_be_closed_by_another_thread_while_cycles_run(
    make_client, wait_until
):
    client = make_client()
    calls = []
    client.set_process_callback(calls.append)
    client.activate()
    wait_until(lambda: calls)
    closer = threading.Thread(target=client.close, daemon=True)
    closer.start()
    closer.join(5)
    assert not closer.is_alive()
    assert client.closed
    count = len(calls)
    with pytest.raises(jack.JackError, match='closed'):
        client.activate()
    assert len(calls) == count


def test_threads_may_close_the_same_client(mode_server, run_python):
    run_python(
        """
        import threading
        import jack

        for _ in range(10):
            client = jack.Client('contested')
            cycle = threading.Event()
            client.set_process_callback(lambda frames: cycle.set())
            client.activate()
            assert cycle.wait(5)
            start = threading.Barrier(4)
            failures = []

            def close():
                start.wait(5)
                try:
                    client.close()
                except BaseException as error:
                    failures.append(error)

            threads = [threading.Thread(target=close, daemon=True)
                       for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(5)
                assert not thread.is_alive()
            assert not failures, failures
            assert client.closed
        """,
        server=mode_server,
    )


CLOSE_INSIDE = """
import sys
import threading
import jack
from tests.notifications import Other, setter, wait_until

kind = sys.argv[1]
client = jack.Client('observer')
results = []

def callback(*args):
    if results:
        return
    try:
        client.close()
    except jack.JackError as error:
        results.append(str(error))
    else:
        results.append('closed')

setter(client, kind)(callback)
other = Other()
client.activate()
if kind != 'process':
    getattr(other, kind)()
wait_until(lambda: results)
assert 'callback' in results[0], results
assert not client.closed
# It is none the worse for it.
port = client.inports.register('in')
client.connect(other.source, port)
wait_until(lambda: client.get_all_connections(port) == [other.source])
client.close()
assert client.closed
other.client.transport_frame = 0
other.close()
"""


@pytest.mark.parametrize(
    'kind', needed(['process', *NOTIFICATIONS, *IN_CYCLE])
)
def test_closing_within_a_callback_is_refused(run_python, kind):
    child = run_python(CLOSE_INSIDE, kind)
    assert child.stderr == ''


def test_closing_twice_is_fine(client):
    client.activate()
    client.close()
    client.close()
    assert client.closed
    assert not client.active


def test_deactivating_twice_is_fine(client):
    client.activate()
    client.deactivate()
    client.deactivate()
    assert not client.active
    assert not client.closed


def test_the_with_statement_activates_and_closes(make_client):
    client = make_client()
    assert not client.active
    with client as entered:
        assert entered is client
        assert client.active
    assert not client.active
    assert client.closed


def test_the_with_statement_closes_after_an_exception(make_client):
    client = make_client()
    with pytest.raises(ValueError, match='mine'), client:
        raise ValueError('mine')
    assert client.closed


def test_the_with_statement_may_contain_close(make_client):
    with make_client() as client:
        client.close()
    assert client.closed


@pytest.mark.parametrize('make', [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_cannot_be_copied(client, make):
    own = client.inports, client.inports.register('in')
    own += (client.midi_outports.register('out'),)
    for thing in client, *own:
        with pytest.raises(TypeError, match='cannot be copied or pickled'):
            make(thing)
    assert client.get_ports()


@pytest.mark.needs('names of one client each')
def test_init_can_be_called_again_after_it_has_failed(client):
    second = jack.Client.__new__(jack.Client)
    with pytest.raises(jack.JackOpenError):
        second.__init__(client.name, use_exact_name=True)
    second.__init__('second-try')
    try:
        assert second.name == 'second-try'
        with second:
            assert second.active
    finally:
        second.close()


def test_a_subclass_can_have_attributes_and_arguments(server):
    class Mine(jack.Client):
        def __init__(self, extra):
            super().__init__('mine')
            self.extra = extra
            self.set_process_callback(self.process)
            self.called = threading.Event()

        def process(self, frames):
            self.called.set()

    with Mine([1, 2]) as mine:
        assert mine.called.wait(5)
        assert mine.extra == [1, 2]
        mine.anything = 'goes'


def test_ports_can_be_cleared_after_deactivation(client):
    client.inports.register('in')
    client.activate()
    client.outports.register('late')
    client.deactivate()
    client.inports.clear()
    client.outports.clear()
    assert client.get_ports(f'^{client.name}:') == []


@pytest.mark.parametrize('where', ['inside', 'outside'])
@pytest.mark.parametrize('what', ['deactivate', 'close'])
def test_ending_in_a_signal_handler(run_python, where, what):
    child = run_python(
        """
        import os
        import signal
        import sys
        import threading
        import time
        import jack

        client = jack.Client('signalled')
        handled = []

        def handler(number, frame):
            client.deactivate()
            if sys.argv[2] == 'close':
                client.close()
            handled.append(number)

        signal.signal(signal.SIGUSR1, handler)
        cycle = threading.Event()
        client.set_process_callback(lambda frames: cycle.set())
        client.activate()
        assert cycle.wait(5)
        if sys.argv[1] == 'inside':
            # The signal is likely to come while a call is under way.
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)
                            ).start()
            deadline = time.monotonic() + 5
            while not handled:
                assert time.monotonic() < deadline
                try:
                    client.get_ports()
                except jack.JackError:
                    assert client.closed
        else:
            os.kill(os.getpid(), signal.SIGUSR1)
        assert handled
        client.close()
        assert client.closed
        """,
        where,
        what,
    )
    assert child.stderr == ''


# -- Garbage ------------------------------------------------------------------


def test_a_forgotten_active_client_leaves_the_graph(client, wait_until):
    calls = []

    def forget():
        forgotten = jack.Client('forgotten')
        forgotten.inports.register('in')
        forgotten.set_process_callback(calls.append)
        forgotten.activate()
        wait_until(lambda: calls)
        return weakref.ref(forgotten)

    ref = forget()
    gc.collect()
    assert ref() is None
    assert client.get_ports('^forgotten:') == []


@pytest.mark.parametrize('own_cycle', [False, True], ids=['plain', 'cyclic'])
def test_a_forgotten_client_can_be_collected_in_anothers_process_callback(
    run_python, own_cycle
):
    child = run_python(
        """
        import gc
        import sys
        import threading
        import jack
        from tests.notifications import wait_until

        gc.disable()
        survivor = jack.Client('survivor')
        garbage = []
        collected = threading.Event()
        cycles = []

        @survivor.set_process_callback
        def process(frames):
            cycles.append(frames)
            if garbage:
                garbage.clear()
                gc.collect()
                collected.set()

        def make():
            forgotten = jack.Client('forgotten')
            forgotten.port = forgotten.inports.register('in')
            forgotten.set_process_callback(lambda frames: None)
            if sys.argv[1] == 'True':
                forgotten.me = forgotten
            forgotten.activate()
            return [forgotten]

        with survivor:
            garbage += make()
            assert collected.wait(5)
            wait_until(lambda: not survivor.get_ports('^forgotten:'))
            before = len(cycles)
            wait_until(lambda: len(cycles) > before + 10)
        """,
        own_cycle,
    )
    assert child.stderr == ''


def test_closing_does_not_wait_for_calls_of_the_closed_client(run_python):
    # So many threads that one of them is in there at any time.
    child = run_python("""
        import threading
        import jack

        client = jack.Client('called-on')
        port = client.outports.register('out')
        client.activate()
        over = False
        calls = dict.fromkeys(range(20), 0)

        def call(number):
            while not over:
                try:
                    port.connections
                    client.get_all_connections(port)
                except jack.JackError:
                    pass
                calls[number] += 1

        callers = [threading.Thread(target=call, args=[n], daemon=True)
                   for n in calls]
        for caller in callers:
            caller.start()
        while min(calls.values()) < 10:
            pass
        client.close()
        names = {thread.name for thread in threading.enumerate()}
        assert 'jack-closer' not in names, 'it is left to a thread'
        jack.Client('called-on', use_exact_name=True).close()
        over = True
        for caller in callers:
            caller.join()
    """)
    assert child.stderr == ''


def test_deleting_a_client_in_its_own_callback_is_harmless(run_python):
    child = run_python("""
        import gc
        import threading
        import jack
        from tests.notifications import wait_until

        deleted = threading.Event()
        clients = [jack.Client('self-deleting')]
        clients[0].inports.register('in')

        @clients[0].set_process_callback
        def process(frames):
            clients.clear()
            gc.collect()
            deleted.set()

        clients[0].activate()
        assert deleted.wait(5)
        del process
        gc.collect()
        witness = jack.Client('witness')
        wait_until(lambda: not witness.get_ports('^self-deleting:'))
        witness.close()
    """)
    assert child.stderr == ''


def test_what_the_process_thread_does_on_its_way_out_holds_nobody_up(
        run_python):
    # A method __del__() of the user's may run there; a profiler is sure to.
    child = run_python("""
        import sys
        import threading
        import time
        import jack

        client = jack.Client('leaving')
        port = client.outports.register('out')
        asked = []
        profiled = threading.Event()

        def ask(frame, event, argument):
            if event == 'call' and ending:
                asked.append(event)
                try:
                    client.inports.register('in').unregister()
                except jack.JackError as error:
                    asked.append(str(error))

        @client.set_process_callback
        def process(frames):
            sys.setprofile(ask)
            profiled.set()

        for _ in range(3):
            ending = False
            del asked[:]
            client.activate()
            assert profiled.wait(5)
            profiled.clear()
            ending = True
            start = time.monotonic()
            client.deactivate()
            assert time.monotonic() - start < 2, asked
            assert asked
        client.close()
    """)
    assert child.stderr == ''


def test_deleting_a_client_on_a_helper_thread_does_not_hold_up(run_python):
    # The garbage collector comes on any thread: on the one, too, which makes
    # a request for somebody who is closing this very client.
    child = run_python("""
        import gc
        import threading
        import jack
        from tests.notifications import wait_until

        clients = [jack.Client('on-a-helper')]
        core = clients[0]._core
        deleted = threading.Event()

        def job():
            clients.clear()
            gc.collect()
            deleted.set()

        with core.changing():
            jack._workers.run(job)
            assert deleted.wait(1)
            assert not core.closed
        wait_until(lambda: id(core) not in jack._open_cores)
        jack.Client('on-a-helper', use_exact_name=True).close()
    """)
    assert child.stderr == ''


def test_a_collected_client_is_closed_after_the_one_that_is_being_closed(
    run_python,
):
    child = run_python("""
        import gc
        import jack

        gc.disable()
        clients = [jack.Client('first'), jack.Client('second')]
        core = clients[1]._core
        clients.append(clients)
        first = clients[0]
        del clients
        closed = []
        look = jack._busy

        def collect(*args):
            gc.collect()
            closed.append(core.closed)
            return look(*args)

        jack._busy = collect
        first.close()
        assert not closed[0], 'one is closed within the other'
        assert core.ptr is None
        jack.Client('second', use_exact_name=True).close()
    """)
    assert child.stderr == ''


def test_a_client_may_be_collected_while_it_is_closed_at_the_end(run_python):
    # By the very thread that does so, at each step of it in turn.
    child = run_python(
        """
        import gc
        import sys
        import jack

        def collect(frame, event, arg):
            global steps
            if event == 'call' and frame.f_globals is vars(jack):
                steps += 1
                if steps == when:
                    sys.setprofile(None)
                    gc.collect()

        gc.disable()
        steps = when = 0
        while steps == when:
            client = jack.Client('forgotten', use_exact_name=True)
            client.inports.register('in')
            client.set_process_callback(lambda frames: None)
            client.activate()
            client.itself = client
            del client
            steps, when = 0, when + 1
            sys.setprofile(collect)
            jack._close_all()
            sys.setprofile(None)
            assert when < 1000
        assert when > 20, when
        """,
        timeout=120,
    )
    assert child.stderr == ''


def test_many_clients_leave_no_descriptors_and_no_threads(server, wait_until):
    def count(kind):
        return len(list(pathlib.Path(f'/proc/self/{kind}').iterdir()))

    def one():
        client = jack.Client('passer-by')
        client.inports.register('in')
        client.set_process_callback(lambda frames: None)
        with client:
            pass

    # A second helper is started, for good, when the first is not idle again
    # in time for the next request: here they are two from the beginning.
    jack._workers.hand_over(lambda: None)
    wait_until(lambda: len(jack._workers.idle) > 1)
    one()
    before = count('fd'), count('task')
    for _ in range(30):
        one()
    assert (count('fd'), count('task')) == before


def test_closed_clients_are_freed_with_all_they_had(make_client):
    client = jack.Client('mortal')
    refs = [
        weakref.ref(client),
        weakref.ref(client.inports.register('in')),
        weakref.ref(client.inports),
    ]
    cycle = Cycle(client)
    refs.append(weakref.ref(cycle))
    client.activate()
    assert cycle.run(lambda: 1) == 1
    client.close()
    del client, cycle
    gc.collect()
    assert [ref() for ref in refs] == [None] * 4


# -- The server dies ----------------------------------------------------------

BEREFT = """
import sys
import threading
import time
import jack
from tests.notifications import wait_until

events = []
client = jack.Client('bereft')
other = jack.Client('bystander')
source = client.outports.register('out')
target = client.inports.register('in')
cycles = []
client.set_process_callback(cycles.append)

@client.set_shutdown_callback
def shutdown(status, reason):
    events.append((status, reason))
    if sys.argv[1] == 'deactivating':
        client.deactivate()

client.activate()
source.connect(target)
wait_until(lambda: cycles)
print('up', flush=True)
sys.stdin.readline()
wait_until(lambda: events)

slowest = 0, ''

def bounded(what, call):
    global slowest
    begin = time.monotonic()
    try:
        call()
    except jack.JackError:
        pass
    slowest = max(slowest, (time.monotonic() - begin, what))

for name in ('samplerate', 'blocksize', 'frame_time', 'last_frame_time',
             'frames_since_cycle_start', 'realtime', 'transport_state',
             'transport_frame', 'uuid', 'name'):
    bounded(name, lambda: getattr(client, name))
for name in ('cpu_load', 'get_ports', 'transport_start', 'transport_stop',
             'transport_query', 'activate', 'remove_all_properties'):
    bounded(name, getattr(client, name))
for port in source, target:
    for name in 'name', 'shortname', 'connections', 'aliases', 'uuid':
        bounded(name, lambda: getattr(port, name))
bounded('setter', lambda: setattr(client, 'blocksize', 512))
bounded('register', lambda: client.inports.register('more'))
bounded('connect', lambda: client.connect(source, target))
bounded('disconnect', lambda: source.disconnect(target))
bounded('unregister', target.unregister)
bounded('deactivate', client.deactivate)
bounded('close', client.close)
bounded('other', other.get_ports)
bounded('close other', other.close)
assert slowest[0] < 5, slowest
assert client.closed and other.closed
(status, reason), = events
assert type(status) is jack.Status, status
assert status.failure or status.client_zombie, status
assert type(reason) is str and reason, reason
print('closed', flush=True)

sys.stdin.readline()
again = jack.Client('again')
cycle = threading.Event()
again.set_process_callback(lambda frames: cycle.set())
port = again.inports.register('in')
with again:
    assert cycle.wait(5)
    again.connect('system:capture_1', port)
    wait_until(lambda: [p.name for p in port.connections]
               == ['system:capture_1'])
assert len(events) == 1, events
print('again', flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize('how', ['terminated', 'killed', 'deactivating'])
def test_a_program_survives_its_server_and_meets_the_next(mode_server, how):
    with Peer(mode_server, BEREFT, how) as peer:
        peer.hear('up')
        if how == 'terminated':
            mode_server.stop()
        else:
            mode_server.kill()
        peer.tell('gone')
        peer.hear('closed', timeout=30)
        mode_server.start()
        peer.tell('back')
        peer.hear('again')


def test_every_call_after_the_servers_end_says_so(make_server):
    server = make_server()
    with Peer(
        server,
        """
        import sys
        import threading
        import jack

        client = jack.Client('bereft')
        down = threading.Event()
        client.set_shutdown_callback(lambda status, reason: down.set())
        client.activate()
        print('up', flush=True)
        sys.stdin.readline()
        assert down.wait(5)
        for call in (client.get_ports, client.transport_start,
                     lambda: client.samplerate, lambda: client.frame_time,
                     lambda: client.inports.register('in')):
            try:
                call()
            except jack.JackError as error:
                assert 'bereft' in str(error), error
                assert 'server' in str(error), error
            else:
                raise AssertionError(call)
        assert not client.active
        assert 'bereft' in repr(client)
        print('done', flush=True)
    """,
    ) as peer:
        peer.hear('up')
        server.kill()
        peer.tell('gone')
        peer.hear('done')


def test_a_program_may_end_after_its_server(make_server):
    server = make_server()
    code = (
        OPEN_AND_SAY_SO
        + """
sys.stdin.readline()
print('bye', flush=True)
"""
    )
    with Peer(server, code) as peer:
        peer.hear('up')
        server.kill()
        peer.tell('gone')
        peer.hear('bye')


# -- Fork ---------------------------------------------------------------------

FORK = """
import gc
import os
import sys
import threading
import time
import warnings
import jack
from tests.notifications import wait_until

# Python 3.12 and newer warn of fork() with threads; here it is the point.
warnings.simplefilter('ignore', DeprecationWarning)

client = jack.Client('forking')
port = client.outports.register('out')
cycles = []
client.set_process_callback(cycles.append)
client.activate()
client.connect(port, 'system:playback_1')
wait_until(lambda: len(cycles) > 5)

pid = os.fork()
if pid == 0:
    for use in (lambda: client.get_ports(), lambda: client.samplerate,
                lambda: port.name, lambda: port.connections,
                lambda: client.deactivate(), lambda: client.activate(),
                lambda: client.inports.register('in')):
        try:
            use()
        except jack.JackError as error:
            assert 'fork' in str(error), error
        else:
            raise AssertionError('used')
    client.close()
    ring = jack.RingBuffer(16)
    ring.write(b'abc')
    assert bytes(ring.read(3)) == b'abc'
    {end}
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == {code}, status
before = len(cycles)
wait_until(lambda: len(cycles) > before + 20)
assert [p.name for p in port.connections] == ['system:playback_1']
client.close()
"""


@pytest.mark.parametrize(
    ('end', 'code'),
    [
        ('os._exit(0)', 0),
        pytest.param(
            'sys.exit(3)', 3, marks=pytest.mark.needs('forks that exit')
        ),
        pytest.param(
            'del client, port; gc.collect(); sys.exit(4)',
            4,
            marks=pytest.mark.needs('forks that exit'),
        ),
    ],
    ids=['_exit', 'exit', 'del'],
)
def test_a_forked_copy_is_closed_and_the_parent_goes_on(run_python, end, code):
    child = run_python(FORK.format(end=end, code=code))
    assert child.stderr == ''


@pytest.mark.parametrize('end', ['', 'client.close()'], ids=['open', 'closed'])
def test_a_forked_copy_opens_and_closes_its_own_clients(run_python, end):
    child = run_python(
        """
        import os
        import sys
        import time
        import warnings
        import jack

        warnings.simplefilter('ignore', DeprecationWarning)
        client = jack.Client('parent')
        client.activate()
        exec(sys.argv[1])
        pid = os.fork()
        if not pid:
            begin = time.monotonic()
            for _ in range(3):
                own = jack.Client('child', use_exact_name=True)
                own.activate()
                own.close()
            assert time.monotonic() - begin < 2
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        assert not status, status
        client.close()
        """,
        end,
    )
    assert child.stderr == ''


def test_a_forked_child_can_run_other_programs(run_python):
    run_python("""
        import subprocess
        import sys
        import jack
        from tests.notifications import wait_until

        client = jack.Client('parent')
        cycles = []
        client.set_process_callback(cycles.append)
        with client:
            subprocess.run([sys.executable, '-c', 'import jack'], check=True,
                           preexec_fn=lambda: None)
            before = len(cycles)
            wait_until(lambda: len(cycles) > before + 10)
    """)


def test_the_with_statement_calls_what_a_subclass_has_overridden(server):
    calls = []

    class Careful(jack.Client):
        def deactivate(self, *args):
            calls.append('deactivate')
            super().deactivate(*args)

        def close(self, *args):
            calls.append('close')
            super().close(*args)

    with Careful('careful') as client:
        pass
    assert calls == ['deactivate', 'close']
    assert client.closed
