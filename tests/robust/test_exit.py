"""Programs of all kinds end as they would without JACK.

Those of ``tests/test_lifecycle.py`` are simpler ones.
"""

import re
import signal
import sys
import time

import pytest
import servers

# The promise is one second; as in tests/test_lifecycle.py, twice that is
# allowed, as other things may run on the machine.
EXIT_SECONDS = 2

BEGIN = """
import asyncio
import atexit
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
import weakref

EARLY

import jack
from tests.notifications import wait_until

# Python 3.12 and newer warn of fork() with threads; here it is the point.
warnings.simplefilter('ignore', DeprecationWarning)

def leave(text='', code=None):
    '''Print when the end begins, for the test to know how long it takes.'''
    print(text, time.monotonic(), flush=True)
    if code is not None:
        sys.exit(code)

def open_client(name='leaving'):
    client = jack.Client(name)
    port = client.outports.register('out')
    cycles = []

    @client.set_process_callback
    def process(frames):
        port.get_buffer()
        cycles.append(frames)

    client.activate()
    client.connect(port, 'system:playback_1')
    wait_until(lambda: len(cycles) > 5)
    client.cycles = cycles
    return client

"""

ENDS = {
    'asyncio returns': (
        """
async def main():
    loop = asyncio.get_running_loop()
    client = open_client()
    heard = asyncio.Event()
    client.deactivate()

    cycles = []

    @client.set_process_callback
    def process(frames):
        if not cycles:
            loop.call_soon_threadsafe(heard.set)
        # Not in the later ones, for which the loop may be closed already.
        cycles.append(frames)

    client.activate()
    await asyncio.wait_for(heard.wait(), 5)
    return client

kept = asyncio.run(main())
leave(code=3)
""",
        3,
        '',
    ),
    'asyncio raises': (
        """
async def main():
    client = open_client()
    await asyncio.sleep(0)
    leave()
    raise SystemExit(4)

asyncio.run(main())
""",
        4,
        '',
    ),
    'asyncio is interrupted': (
        """
async def main():
    client = open_client()
    asyncio.get_running_loop().call_later(
        0.05, os.kill, os.getpid(), signal.SIGINT)
    leave()
    await asyncio.sleep(20)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(5)
""",
        5,
        '',
    ),
    'an executor of asyncio uses the client': (
        """
async def main():
    client = open_client()
    loop = asyncio.get_running_loop()
    ports = await asyncio.gather(*[
        loop.run_in_executor(None, client.get_ports) for _ in range(20)])
    assert len(ports) == 20

asyncio.run(main())
leave()
""",
        0,
        '',
    ),
    'a thread goes on for a while': (
        """
client = open_client()

def go_on():
    count = len(client.cycles)
    wait_until(lambda: len(client.cycles) > count + 20)
    assert client.active
    leave()

threading.Thread(target=go_on).start()
""",
        0,
        '',
    ),
    'a daemon thread uses the client to the end': (
        """
client = open_client()
failures = []

def use():
    while True:
        try:
            client.get_ports()
            client.transport_query()
        except jack.JackError:
            time.sleep(0.001)

for _ in range(2):
    threading.Thread(target=use, daemon=True).start()
leave(code=6)
""",
        6,
        '',
    ),
    'sys.exit in a thread': (
        """
client = open_client()
thread = threading.Thread(target=sys.exit, args=(7,))
thread.start()
thread.join()
leave()
""",
        0,
        '',
    ),
    'atexit uses the client': (
        """
client = open_client()

@atexit.register
def late():
    assert client.active
    assert client.get_ports()
    print('late', flush=True)

leave()
""",
        0,
        '',
    ),
    'atexit closes the client': (
        """
client = open_client()
atexit.register(client.close)
leave()
""",
        0,
        '',
    ),
    'atexit of before the import': (
        """
client = open_client()

def early():
    assert client.closed
    try:
        client.get_ports()
    except jack.JackError as error:
        assert 'closed' in str(error)
    else:
        raise AssertionError('not closed')
    client.close()
    print('early', flush=True)

leave()
""",
        0,
        '',
    ),
    'finalizers use the client': (
        """
client = open_client()

class Last:
    def __del__(self, client=client, error=jack.JackError):
        try:
            client.get_ports()
        except error:
            pass

last = Last()
weakref.finalize(last, client.close)
leave()
""",
        0,
        '',
    ),
    'no collector, and cycles of references': (
        """
gc.disable()
client = open_client()
client.me = client
client.others = [open_client(f'leaving-{n}') for n in range(3)]
for other in client.others:
    other.first = client
del client, other
leave()
""",
        0,
        '',
    ),
    'the callback sleeps': (
        """
client = jack.Client('leaving')
inside = threading.Event()

@client.set_process_callback
def process(frames):
    inside.set()
    time.sleep(0.2)

client.activate()
inside.wait(5)
leave()
""",
        0,
        '',
    ),
    'a notification is being worked on': (
        """
client = jack.Client('leaving')
inside = threading.Event()

@client.set_client_registration_callback
def callback(name, register):
    inside.set()
    time.sleep(0.2)
    print('finished', name, flush=True)

client.activate()
other = jack.Client('other')
assert inside.wait(5)
leave()
""",
        0,
        '',
    ),
    'a module is taken away': (
        """
client = open_client()
del sys.modules['jack'], jack
leave()
""",
        0,
        '',
    ),
    'many clients': (
        """
clients = [open_client(f'leaving-{n}') for n in range(8)]
leave()
""",
        0,
        '',
    ),
}


#: Where nothing can be cleaned up.
ABRUPT_ENDS = {
    'os._exit': ('client = open_client()\nleave()\nos._exit(8)', 8, ''),
    'os.execv': (
        """
client = open_client()
leave()
os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(9)'])
""",
        9,
        '',
    ),
    'SIGTERM': (
        """
client = open_client()
leave()
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(10)
""",
        -signal.SIGTERM,
        '',
    ),
}

#: Where libjack has to wait for something, which it does otherwise with -S.
SYNC_TOO = [
    'asyncio returns',
    'a thread goes on for a while',
    'a daemon thread uses the client to the end',
    'the callback sleeps',
    'a notification is being worked on',
    'many clients',
]


def run_to_end(run_python, server, code, early=''):
    """Run a program; returns it and the seconds from leave() to its end."""
    child = run_python(
        BEGIN.replace('EARLY', early) + code, server=server, check=False
    )
    begin = re.search(r'\d+\.\d+', child.stdout)
    assert begin, child.stderr
    return child, time.monotonic() - float(begin.group())


def check_graph(server):
    """Nothing of the program is left, and the server goes on."""
    assert 'leaving' not in server.run(['jack_lsp']).stdout


@pytest.mark.parametrize(
    ('end', 'mode'),
    [(end, None) for end in ENDS] + [(end, 'sync') for end in SYNC_TOO],
    ids=str,
)
def test_a_program_may_end_in_this_way(make_server, run_python, end, mode):
    server = make_server(mode=mode)
    code, returncode, err = ENDS[end]
    early = ''
    if end == 'atexit of before the import':
        early = 'atexit.register(lambda: early())'
    child, seconds = run_to_end(run_python, server, code, early)
    assert child.stderr == err
    assert child.returncode == returncode
    assert seconds < EXIT_SECONDS
    for word in ('late', 'early', 'finished'):
        if f"print('{word}'" in code:
            assert word in child.stdout
    check_graph(server)


def test_a_graphical_interface_may_end(make_server, run_python):
    """Tcl's event loop is the one of Tkinter, and needs no screen."""
    pytest.importorskip('tkinter', exc_type=ImportError)
    code = """
import tkinter

client = open_client()
tcl = tkinter.Tcl()

def look():
    '''Within the loop: requests, and cycles that go on meanwhile.'''
    client.connect('system:capture_1', client.inports.register('in'))
    client.inports.clear()
    if len(client.cycles) < 30:
        tcl.tk.call('after', 5, 'look')
    else:
        tcl.setvar('done', 1)

tcl.tk.createcommand('look', look)
tcl.tk.call('after', 5, 'look')
tcl.tk.eval('vwait done')
leave(code=6)
"""
    server = make_server()
    child, seconds = run_to_end(run_python, server, code)
    assert child.stderr == ''
    assert child.returncode == 6
    assert seconds < EXIT_SECONDS
    check_graph(server)


@pytest.mark.parametrize('end', ABRUPT_ENDS)
def test_a_program_may_end_abruptly(make_server, run_python, end):
    server = make_server()
    code, returncode, err = ABRUPT_ENDS[end]
    child, seconds = run_to_end(run_python, server, code)
    assert child.stderr == err
    assert child.returncode == returncode
    assert seconds < EXIT_SECONDS
    # It would wait for the client for seconds before it ends.
    server.kill()


def test_a_callback_that_never_returns_does_not_keep_the_program(
    make_server, run_python
):
    server = make_server()
    child, seconds = run_to_end(
        run_python,
        server,
        """
client = jack.Client('leaving')
inside = threading.Event()

@client.set_process_callback
def process(frames):
    inside.set()
    threading.Event().wait()

client.activate()
inside.wait(5)
leave()
""",
    )
    assert child.returncode == 0
    # The user is told why it took that long.
    assert 'does not return' in child.stderr
    assert seconds < 5
    server.kill()


# -- Several processes --------------------------------------------------------

PROCESSES = (
    BEGIN
    + """
def work(number):
    '''In another process: have a client there, too.'''
    client = jack.Client(f'worker-{number}', no_start_server=True)
    port = client.inports.register('in')
    cycle = threading.Event()
    client.set_process_callback(lambda frames: cycle.set())
    client.activate()
    assert cycle.wait(5)
    client.connect('system:capture_1', port)
    names = [p.name for p in client.get_ports('^worker')]
    # It is left open.
    return client.name in names[0] or names

if __name__ == '__main__':
    method = sys.argv[1]
    client = open_client()
    context = multiprocessing.get_context(method)
    process = context.Process(target=work, args=(0,))
    process.start()
    process.join(20)
    assert process.exitcode == 0, process.exitcode
    with context.Pool(2) as pool:
        assert all(pool.map(work, range(1, 4)))
        pool.close()
        pool.join()
    count = len(client.cycles)
    wait_until(lambda: len(client.cycles) > count + 10)
    assert [p.name for p in client.get_ports('^worker')] == []
    assert client.outports[0].connections
    leave()
"""
)


@pytest.mark.parametrize('method', ['spawn', 'fork', 'forkserver'])
def test_other_processes_can_have_clients_too(mode_server, tmp_path, method):
    # spawn and forkserver import the program: it has to be a file.
    program = tmp_path / 'program.py'
    program.write_text(PROCESSES.replace('EARLY', ''))
    child = servers.run_child(
        [sys.executable, '-X', 'faulthandler', str(program), method],
        servers.python_env(mode_server.env),
        tmp_path,
        timeout=40,
    )
    seconds = time.monotonic() - float(child.stdout.split()[-1])
    assert child.stderr == ''
    assert seconds < EXIT_SECONDS


FORKS = (
    BEGIN
    + """
client = open_client()

def in_child(function):
    '''Return the exit code of *function* in a forked child.'''
    pid = os.fork()
    if pid == 0:
        try:
            function()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(99)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

# While threads are inside of libjack.
stop = threading.Event()

def use():
    while not stop.is_set():
        client.get_ports()
        client.inports.register('passing').unregister()

def nothing():
    '''Do nothing.'''

def other_client():
    mine = jack.Client('child')

    def is_active():
        try:
            mine.activate()
        except jack.JackErrorCode as error:
            # PipeWire 0.3, while that thread's ports come and go.
            if 'try it again' not in str(error):
                raise
        return mine.active

    wait_until(is_active)
    assert mine.get_ports('^leaving:out$')
    mine.close()

def ends():
    gc.collect()
    sys.stdout.flush()
    sys.exit()

def uses():
    for use in (client.get_ports, client.deactivate, client.activate,
                lambda: client.outports, lambda: client.name):
        try:
            use()
        except jack.JackError as error:
            assert 'fork' in str(error), error
        else:
            raise AssertionError(use)
    client.close()
    assert client.closed
    assert repr(client)

threads = [threading.Thread(target=use) for _ in range(1)]
for thread in threads:
    thread.start()
for function in (nothing, other_client, ends, uses) * 5:
    code = in_child(function)
    expected = 99 if function is ends else 0
    assert code == expected or function is ends, (function, code)
stop.set()
for thread in threads:
    thread.join()
count = len(client.cycles)
wait_until(lambda: len(client.cycles) > count + 10)
assert client.outports[0].connections
leave()
"""
)


def test_forks_beside_busy_threads(mode_server, run_python):
    child = run_python(
        FORKS.replace('EARLY', ''), server=mode_server, timeout=40
    )
    lines = [
        line for line in child.stderr.splitlines() if 'SystemExit' not in line
    ]
    assert lines == []
    assert time.monotonic() - float(child.stdout.split()[-1]) < EXIT_SECONDS


def test_a_fork_may_come_while_another_thread_looks_at_ports(run_python):
    """With PipeWire 0.3 that thread holds a lock, and the child lacks it."""
    code = """
    import os
    import warnings
    import jack
    # Python 3.12 and newer warn of fork() with threads.
    warnings.simplefilter('ignore', DeprecationWarning)
    client = jack.Client('parent')
    with jack._guard.lock:
        pid = os.fork()
        if pid == 0:
            with jack.Client('child') as mine:
                assert mine.get_ports('system')
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert client.get_ports('system')
    """
    assert run_python(code).stderr == ''


def test_a_forked_daemon_leaves_its_parents_client_alone(
    make_server, run_python
):
    """The parent of a daemon ends with os._exit(), as it always has."""
    code = """
    import os
    import sys
    import warnings
    import jack
    # Python 3.12 and newer warn of fork() with threads.
    warnings.simplefilter('ignore', DeprecationWarning)
    client = jack.Client('parent')
    client.activate()
    reading, writing = os.pipe()
    if os.fork():
        os.read(reading, 1)
        os._exit(0)
    os.setsid()
    try:
        mine = jack.Client('daemon')
        with mine:
            assert mine.get_ports()
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    os.write(writing, b'x')
    sys.stderr.flush()
    os._exit(0)
    """
    server = make_server()
    child = run_python(code, server=server)
    assert child.stderr == ''
    server.kill()


REPLACED = """
import os
import sys
import jack
from tests.notifications import Other, wait_until

if len(sys.argv) == 1:
    old = jack.Client('old')
    old.outports.register('out')
    old.set_process_callback(lambda frames: None)
    old.activate()
    os.execv(sys.executable, [sys.executable, '-c', CODE, 'again'])
new = Other()
wait_until(lambda: not new.client.get_ports('^old:'))
before = new.cycles
wait_until(lambda: new.cycles > before + 20)
new.close()
"""


def test_a_program_may_put_another_in_its_place(mode_server, run_python):
    # JACK 2's libjack leaves its sockets open for it.
    run_python(f'CODE = {REPLACED!r}\n{REPLACED}', server=mode_server)


COLLECTED_AT_THE_END = """
import atexit

closed = []
# What is registered first is called last.
atexit.register(lambda: print(*closed))

import gc
import threading
import time

import jack
from tests.notifications import wait_until

collected = threading.Event()
close = jack._close_in_c

def close_slowly(core, *args):
    if core.name == 'forgotten':
        # Longer than the end waits for work that belongs to no client.
        time.sleep(1.5)
    code = close(core, *args)
    closed.append(core.name)
    return code

def collect(frames):
    if not collected.is_set():
        gc.collect()
        collected.set()

gc.disable()
forgotten = jack.Client('forgotten')
forgotten.itself = forgotten
forgotten.activate()
del forgotten
keeper = jack.Client('keeper')
keeper.set_process_callback(collect)
jack._close_in_c = close_slowly
keeper.activate()
wait_until(collected.is_set)
"""


INTERRUPTED_OPENING = """
import signal
import sys

import jack

class Interrupted(Exception):
    pass

def interrupt(*args):
    raise Interrupted

signal.signal(signal.SIGALRM, interrupt)
try:
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
    client = jack.Client('interrupted')
    signal.setitimer(signal.ITIMER_REAL, 0)
except Interrupted:
    pass
"""


def test_the_end_waits_for_a_client_whose_opening_was_interrupted(run_python):
    # JACK 2's libjack turned Python's end of its thread into an abort.
    for milliseconds in 1, 2, 3, 4, 5, 6, 8, 10:
        run_python(INTERRUPTED_OPENING, milliseconds / 1000)


def test_the_end_waits_for_what_the_collector_has_found(
    mode_server, run_python
):
    # On a thread of JACK's: a thread of ours closes the client.
    child = run_python(COLLECTED_AT_THE_END, server=mode_server)
    assert sorted(child.stdout.split()) == ['forgotten', 'keeper']
    assert child.stderr == ''


def test_the_end_needs_no_thread_that_is_not_there_yet(run_python):
    """Python 3.12 starts none then, and the only one may be busy."""
    code = """
    import atexit
    import time
    import jack
    client = jack.Client('late')
    client.activate()

    @atexit.register
    def occupy():
        while jack._workers.idle:
            jack._workers.run(lambda: time.sleep(0.3))
    """
    assert run_python(code).stderr == ''


def test_a_client_may_be_opened_at_the_end(run_python):
    """There libjack can begin threads that Python 3.12 would not."""
    code = """
    import atexit
    import jack
    jack.Client('early').close()

    @atexit.register
    def look():
        client = jack.Client('late')
        client.activate()
        print(len(client.get_ports('system')))
        client.close()
    """
    assert int(run_python(code).stdout) > 0


def test_no_client_is_opened_when_all_have_been_closed_at_the_end(run_python):
    child = run_python("""
        import atexit
        import builtins

        @atexit.register
        def look():
            try:
                builtins.kept = jack.Client('too late')
                kept.activate()
            except jack.JackError as error:
                print(error)

        import jack
        jack.Client('early').close()
        """)
    assert 'the program is ending' in child.stdout
    assert child.stderr == ''


# -- Signals ------------------------------------------------------------------


def test_an_exception_out_of_a_signal_handler_at_any_moment(
    mode_server, run_module
):
    child = run_module('interrupted', 100, server=mode_server, timeout=60)
    assert child.stderr == ''


@pytest.mark.parametrize(
    'what', ['open', 'close', 'activate', 'deactivate', 'patch']
)
def test_an_exception_out_of_a_signal_handler_at_each_call(
    server, run_module, what
):
    child = run_module('interrupted', what, server=server, timeout=60)
    assert child.stderr == ''
