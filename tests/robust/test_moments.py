"""What comes at a bad moment: amid another call, a callback, a request.

Each was found by a review, with a crash, a hang or a wrong list as the result.
Each runs in a child process, as it may take that down.
"""

import textwrap
import time

import pytest

FIRST_CALLBACK = """
import sys
import time
import jack

client = jack.Client('beginner')
begun, ended = [], []

def callback(*args):
    begun.append(args)
    deadline = time.monotonic() + 0.1
    while time.monotonic() < deadline:
        pass
    ended.append(args)

getattr(client, f'set_{sys.argv[1]}_callback')(callback)
for _ in range(5):
    client.activate()
    client.deactivate()
    # The thread-init callback comes on others of libjack's threads, too.
    assert len(ended) == len(begun) or sys.argv[1] == 'thread_init'
client.close()
print(len(ended))
"""


@pytest.mark.parametrize('kind', ['blocksize', 'thread_init'])
def test_client_without_a_process_callback_leaves_amid_its_first_callback(
    server, run_python, kind
):
    # libjack would cancel the thread, which has the interpreter lock then.
    calls = int(run_python(FIRST_CALLBACK, kind).stdout)
    if server.kind.startswith('jack2'):
        assert calls >= 5


DEAF = """
import threading
import time
import jack

client = jack.Client('deaf')
cycles = []
is_over = threading.Event()

@client.set_process_thread
def loop():
    while not is_over.is_set():
        try:
            client.cycle_wait()
            client.cycle_signal()
            cycles.append(None)
        except Exception:
            # CallbackExit is one as well.
            time.sleep(0.001)

client.activate()
while len(cycles) < 10:
    time.sleep(0.001)
try:
    client.deactivate()
except jack.JackError as error:
    print(error)
before = len(cycles)
while len(cycles) < before + 10:
    time.sleep(0.001)
is_over.set()
client.close()
"""


def test_loop_that_does_not_end_is_not_cancelled_and_goes_on(run_python):
    assert 'does not return' in run_python(DEAF).stdout


SLOW = """
import threading
import time
import jack

client, other = jack.Client('slow'), jack.Client('other')
asleep, wake = threading.Event(), threading.Event()
cycles = {client: 0, other: 0}

@client.set_process_callback
def process(frames):
    cycles[client] += 1
    if cycles[client] == 20:
        asleep.set()
        wake.wait(10)

@other.set_process_callback
def process(frames):
    cycles[other] += 1

def both_run():
    before = dict(cycles)
    deadline = time.monotonic() + 5
    while any(cycles[c] < before[c] + 20 for c in cycles):
        assert time.monotonic() < deadline, (before, cycles)
        time.sleep(0.001)

other.activate()
client.activate()
assert asleep.wait(5)
try:
    client.deactivate()
except jack.JackError as error:
    print(error)
wake.set()
both_run()
assert client.active
client.deactivate(ignore_errors=False)
client.activate()
both_run()
client.close()
other.close()
"""


def test_client_whose_callback_was_waited_for_in_vain_stays_as_it_is(
    make_server, server_class, run_python
):
    # JACK 1 throws out who sleeps for so long, if it is not told otherwise.
    server = make_server(args=server_class.patience)
    child = run_python(SLOW, server=server)
    assert 'the client stays as it is' in child.stdout


COLLECTED = """
import gc
import time
import jack

gc.disable()
client = jack.Client('dropped')
client.inports.register('in')
client.set_client_registration_callback(lambda name, register: None)
client.activate()
watcher = jack.Client('watcher')
core = client._core
del client
# As when a client is opened on JACK 2, which asks by way of another one.
with core.changing():
    gc.collect()
deadline = time.monotonic() + 5
while watcher.get_ports('^dropped:'):
    assert time.monotonic() < deadline
    time.sleep(0.001)
assert core.closed
"""


def test_client_is_closed_that_is_collected_while_its_state_is_held(
    run_python,
):
    run_python(COLLECTED)


REPLY = """
import gc
import os
import queue
import signal
import sys
import threading
import jack
from tests.servers import freeze

server = int(sys.argv[1])
manager, client = jack.Client('manager'), jack.Client('saver')
events = queue.SimpleQueue()
client.set_session_callback(events.put)
client.activate()
manager.activate()

def notify():
    try:
        manager.session_notify(1, f'{os.getcwd()}/')
    except jack.JackError:
        print('notify: no answer')

thread = threading.Thread(target=notify)
thread.start()
event = events.get(timeout=5)
event.command_line = 'x' * 100
freeze(server)
try:
    client.session_reply(event)
except jack.JackError as error:
    print(error)
del event
gc.collect()
os.kill(server, signal.SIGCONT)
thread.join(10)
assert not thread.is_alive()
gc.collect()
"""


@pytest.mark.needs('sessions')
def test_answer_to_a_session_event_is_its_own_when_nobody_waits(
    make_server, run_python
):
    server = make_server()
    child = run_python(REPLY, server.pid, server=server)
    assert 'jack_session_reply' in child.stdout


@pytest.mark.needs('sessions')
def test_session_callback_that_fails_with_a_wrong_answer_is_answered(
    run_python,
):
    child = run_python("""
        import os
        import pathlib
        import time
        import jack

        manager, client = jack.Client('manager'), jack.Client('saver')

        @client.set_session_callback
        def save(event):
            event.command_line = pathlib.Path('/bin/true')
            client.session_reply(event)

        client.activate()
        manager.activate()
        (answer,) = manager.session_notify(1, f'{os.getcwd()}/')
        assert answer.flags == 1
        deadline = time.monotonic() + 5
        while jack._workers.are_busy():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        """)
    assert 'must be a str' in child.stderr


FROZEN = """
import os
import signal
import sys
import time
import jack
from tests.servers import freeze

server = int(sys.argv[1])
client = jack.Client('patient')
going = client.inports.register('going')
freeze(server)
for request in going.unregister, lambda: client.inports.register('coming'):
    try:
        request()
    except jack.JackError as error:
        print(error)
os.kill(server, signal.SIGCONT)
assert list(client.inports) == []

def names():
    try:
        return [port.name for port in client.get_ports('^patient:')]
    except jack.JackError as error:
        return error

deadline = time.monotonic() + 5
while names() != []:
    assert time.monotonic() < deadline, names()
    time.sleep(0.001)
for name in 'going', 'coming':
    client.inports.register(name)
client.inports.clear()
assert client.get_ports('^patient:') == []
client.close()
"""


def test_ports_are_right_after_requests_that_nobody_has_answered(
    make_server, run_python
):
    server = make_server()
    child = run_python(FROZEN, server.pid, server=server)
    assert child.stdout.count('does not answer') == 2


def test_forgotten_client_is_closed_when_its_callback_has_returned(run_python):
    child = run_python("""
        import gc
        import threading
        import time
        import jack

        begun, over = threading.Event(), threading.Event()

        def process(frames):
            begun.set()
            over.wait()

        client = jack.Client('forgotten')
        client.inports.register('in')
        client.set_process_callback(process)
        client.activate()
        begun.wait()
        # Nobody is left who could close it once more.
        del client
        gc.collect()
        over.set()
        client = jack.Client('observer')
        deadline = time.monotonic() + 5
        while client.get_ports('^forgotten:'):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        client.close()
        """)
    # JACK 1 throws out a client that is as late as this, and says so.
    assert 'Traceback' not in child.stderr


CLOSED_WHILE_FROZEN = """
import os
import signal
import sys
import time
import jack
from tests.servers import freeze

server, end = int(sys.argv[1]), sys.argv[2]
# As many as there are processors, and one more.
count = 1 if jack._IMPLEMENTATION != 'PipeWire' else os.cpu_count() + 1
clients = [jack.Client(f'going_{n}') for n in range(count)]
for client in clients:
    client.inports.register('in')
    client.set_process_callback(lambda frames: None)
    if end != 'close inactive':
        client.activate()
freeze(server)
for client in clients:
    try:
        getattr(client, end.split()[0])()
    except jack.JackError as error:
        assert 'does not answer' in str(error), error
os.kill(server, signal.SIGCONT)
deadline = time.monotonic() + 20
client = None
while client is None or client.get_ports('^going_') and end != 'deactivate':
    assert time.monotonic() < deadline
    try:
        client = client or jack.Client('observer')
    except jack.JackOpenError as error:
        print(error, flush=True)
    time.sleep(0.01)
while any(client.active for client in clients):
    assert time.monotonic() < deadline
    time.sleep(0.01)
for client in clients:
    client.close()
"""


@pytest.mark.parametrize('end', ['close', 'close inactive', 'deactivate'])
def test_clients_that_have_left_a_frozen_server_let_it_go_on(
    make_server, run_python, end
):
    # PipeWire's real-time threads would be busy for nothing, on all
    # processors, and keep the server from running.
    server = make_server()
    run_python(
        CLOSED_WHILE_FROZEN, server.pid, end, server=server, timeout=60
    )


LEFT_WHILE_FROZEN = """
import os
import signal
import sys
import time
import jack
from tests.servers import freeze

server = int(sys.argv[1])
jack.set_error_function(lambda message: None)
client = jack.Client('leaving')
client.inports.register('in')
client.set_process_callback(lambda frames: None)
patience = jack._PATIENCE
try:
    with client:
        freeze(server)
        jack._PATIENCE = 1
        begin = time.monotonic()
        raise ZeroDivisionError
except ZeroDivisionError as error:
    seconds = time.monotonic() - begin
assert seconds < 3, seconds
assert client.closed
jack._PATIENCE = patience
os.kill(server, signal.SIGCONT)
deadline = time.monotonic() + 10
observer = jack.Client('observer')
while observer.get_ports('^leaving:'):
    assert time.monotonic() < deadline
    time.sleep(0.01)
observer.close()
"""


def test_client_leaves_a_frozen_server_in_time_and_says_why(
    make_server, run_python
):
    # It waited for an answer twice, and of what had failed was not heard.
    server = make_server()
    run_python(LEFT_WHILE_FROZEN, server.pid, server=server)


ENDED_WHILE_FROZEN = """
import sys
import time
import jack
from tests.servers import freeze

jack.set_error_function(lambda message: None)
clients = [jack.Client(f'ended_{n}') for n in range(4)]
for client in clients:
    client.set_process_callback(lambda frames: None)
    client.activate()
freeze(int(sys.argv[1]))
jack._PATIENCE = 1
print(time.monotonic(), flush=True)
"""


def test_a_program_that_ends_waits_for_a_frozen_server_once(
    make_server, run_python
):
    # Each of the clients had it wait anew.
    server = make_server()
    child = run_python(ENDED_WHILE_FROZEN, server.pid, server=server)
    seconds = time.monotonic() - float(child.stdout)
    # If it went on, it would do nothing else than miss them for a while.
    server.kill()
    assert seconds < 4
    assert child.stderr == ''


def test_callback_that_fails_without_a_stderr_is_called_no_more(run_python):
    run_python("""
        import sys
        import time
        import jack

        calls = []

        def fail(frames):
            calls.append(frames)
            raise ValueError

        stderr = sys.stderr
        del sys.stderr
        client = jack.Client('failing')
        client.set_process_callback(fail)
        client.activate()
        deadline = time.monotonic() + 5
        while client.active:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        sys.stderr = stderr
        assert isinstance(client.last_exception, ValueError)
        assert len(calls) == 1, calls
        client.close()
        """)


NO_MEMORY = """
import jack
from _testcapi import remove_mem_hooks, set_nomemory

client = jack.Client('poor')
failed = 0
for number in range(40, 140):
    client.deactivate()
    # One allocation fails, in this thread or in that of the request.
    set_nomemory(number, number + 1)
    try:
        client.activate()
    except (MemoryError, RuntimeError):
        # The latter is raised for want of a lock.
        failed += 1
    finally:
        remove_mem_hooks()
client.close()
jack.Client('next').close()
print(failed)
"""


def test_requests_for_which_the_memory_did_not_suffice_are_over(run_python):
    pytest.importorskip('_testcapi')
    assert int(run_python(NO_MEMORY).stdout) > 5


def test_recursion_that_is_too_deep_is_not_taken_for_a_lack_of_threads(
    run_python,
):
    run_python("""
        import sys
        import jack

        def at(depth, function):
            return at(depth - 1, function) if depth else function()

        client = jack.Client('deep')
        for left in range(3, 40):
            depth = sys.getrecursionlimit() - left
            # No worker is there, as at the first request.
            jack._workers.stop()
            try:
                at(depth, client.activate)
            except RecursionError:
                pass
            client.deactivate()
        client.close()
        """)


SIDE_BY_SIDE = """
import contextlib
import threading
import jack

client = jack.Client('threads')
step = threading.Barrier(2)

def trace(frame, event, arg):
    if frame.f_code.co_name not in ('_add', '_discard', '_unregister'):
        return None
    # Two threads go through it one step each in turn, until one waits for
    # the other or has left.
    frame.f_trace_opcodes = True
    with contextlib.suppress(threading.BrokenBarrierError):
        step.wait(0.5)
    return trace

def call_in_two_threads(function, *arguments):
    step.reset()
    threads = [
        threading.Thread(target=function, args=(argument,))
        for argument in arguments
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

threading.settrace(trace)
"""


def test_lists_of_ports_are_right_after_changes_by_several_threads(run_python):
    run_python(
        SIDE_BY_SIDE
        + textwrap.dedent("""
        call_in_two_threads(client.inports.register, 'a', 'b')
        assert sorted(port.shortname for port in client.inports) == ['a', 'b']
        call_in_two_threads(jack.OwnPort.unregister, *client.inports)
        assert list(client.inports) == [], client.inports
        client.close()
        """)
    )


BEREAVED = """
import os
import signal
import sys
import threading
import jack

clients = [jack.Client(name) for name in 'ab']
told = threading.Semaphore(0)
for client in clients:
    @client.set_shutdown_callback
    def shutdown(status, reason):
        told.release()
        threading.Event().wait(4)

os.kill(int(sys.argv[1]), signal.SIGKILL)
for client in clients:
    assert told.acquire(timeout=3)
    print('told', flush=True)
os._exit(0)
"""


def test_slow_shutdown_callback_does_not_keep_others_from_being_told(
    make_server, run_python
):
    server = make_server()
    child = run_python(BEREAVED, server.pid, server=server)
    assert child.stdout.split() == ['told', 'told']


def test_forked_child_has_the_usual_switch_interval(run_python):
    run_python("""
        import os
        import sys
        import jack

        usual = sys.getswitchinterval()
        client = jack.Client('parent')
        client.activate()

        def fork():
            child = os.fork()
            if not child:
                os._exit(sys.getswitchinterval() != usual)
            return child

        child = jack._haste(fork)
        assert os.waitpid(child, 0)[1] == 0
        client.close()
        """)


def test_forked_child_has_lists_of_ports_that_another_thread_was_changing(
    run_python,
):
    run_python("""
        import os
        import threading
        import jack

        client = jack.Client('parent')
        begun, over = threading.Event(), threading.Event()

        def change():
            with jack._lists:
                begun.set()
                over.wait(10)

        thread = threading.Thread(target=change)
        thread.start()
        assert begun.wait(5)
        child = os.fork()
        if not child:
            heir = jack.Client('child')
            heir.inports.register('port')
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        over.set()
        thread.join()
        client.close()
        """)


def test_one_object_is_opened_once_by_two_threads(run_python):
    run_python(
        SIDE_BY_SIDE
        + textwrap.dedent("""
        import time

        results = []

        def begin(client):
            try:
                results.append(client.__init__('twice'))
            except jack.JackError as error:
                results.append(str(error))

        twice = jack.Client.__new__(jack.Client)
        call_in_two_threads(begin, twice, twice)
        done, refused = sorted(results, key=str)
        assert done is None, results
        assert 'is open already' in refused, results
        twice.inports.register('in')
        twice.close()
        deadline = time.monotonic() + 5
        while len(jack._cores()) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        client.close()
        """)
    )


def test_a_port_is_unregistered_once_by_two_threads(run_python):
    run_python(
        SIDE_BY_SIDE
        + textwrap.dedent("""
        results = []

        def unregister(port):
            try:
                results.append(port.unregister())
            except jack.JackError as error:
                results.append(str(error))

        call_in_two_threads(unregister, *[client.inports.register('a')] * 2)
        done, refused = sorted(results, key=str)
        assert done is None, results
        assert 'is gone' in refused
        client.close()
        """)
    )


def test_ports_are_cleared_while_another_thread_unregisters_one(run_python):
    run_python(
        SIDE_BY_SIDE
        + textwrap.dedent("""
        results = []

        def call(function):
            try:
                results.append(function())
            except jack.JackError as error:
                results.append(str(error))

        ports = [client.inports.register(name) for name in 'abc']
        call_in_two_threads(call, client.inports.clear, ports[1].unregister)
        results.remove(None)
        # That of unregister(), if it came last.
        assert results == [None] or ':b' in results[0], results
        assert client.get_ports('^threads:') == list(client.inports) == []
        client.close()
        """)
    )


def test_ports_that_have_gone_are_not_remembered_for_ever(run_python):
    run_python("""
        import queue
        import jack

        jack._MEMORY = 5
        client, other = jack.Client('observer'), jack.Client('other')
        calls = queue.SimpleQueue()
        client.set_port_connect_callback(
            lambda a, b, connect: calls.put((a.name, b.name, connect))
        )
        client.activate()
        other.activate()
        source = other.outports.register('source')
        for number in range(20):
            target = other.inports.register(f'target_{number}')
            source.connect(target)
            target.unregister()
        for number in range(20):
            for connect in True, False:
                assert calls.get(timeout=5) == (
                    'other:source', f'other:target_{number}', connect
                )
        assert len(client._core.remembered) <= 5
        for number in range(20):
            source.shortname = f'source_{number}'
        assert len(client._core.renamed) <= 5
        client.close()
        other.close()
        """)


def test_server_outlives_a_new_blocksize_in_freewheel_mode(
    make_server, run_python, lacks
):
    child = run_python(
        """
        import jack

        client, other = jack.Client('one'), jack.Client('other')
        client.set_process_callback(lambda frames: None)
        for one in client, other:
            one.activate()
        for ends in client, other:
            client.set_freewheel(True)
            for one in client, other:
                try:
                    one.blocksize = 512
                except jack.JackError as error:
                    assert 'freewheel mode' in str(error)
                    print('refused')
            ends.set_freewheel(False)
            client.blocksize = 128
        client.close()
        other.close()
        """,
        server=make_server(),
    )
    refused = 4 if lacks('new blocksizes in freewheel mode') else 0
    assert child.stdout.count('refused') == refused
