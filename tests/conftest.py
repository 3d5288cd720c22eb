"""What the tests share: a real JACK server, clients, recorded events.

A process can talk to one JACK 2 server only, so every client in the tests'
own process belongs to the session's ``server``.  A test which needs another
server, or one that may be killed, takes ``make_server`` and runs its clients
as child processes (``run_python(code, server=other)``).
"""

import itertools
import os
import queue
import signal
import sys
import time

import features
import needs
import pytest
import servers

import jack


def pytest_addoption(parser):
    parser.addoption(
        '--server',
        choices=sorted(servers.KINDS),
        default='jack2',
        help='kind of JACK server to run the tests with',
    )


def pytest_configure(config):
    """Start pytest anew, if the chosen server has a libjack of its own.

    Where libraries are looked for is settled when a process starts.
    """
    config.addinivalue_line(
        'markers',
        'needs(feature, run=True): fails on servers without it (features.py)',
    )
    cls = servers.KINDS[config.getoption('server')]
    if cls.unpacked is None:
        return
    if not cls.available():
        raise pytest.UsageError(f'{cls.unpacked}: run `make servers` first')
    env = {**os.environ, **cls.library_env()}
    if env == os.environ:
        return
    config.pluginmanager.getplugin('capturemanager').stop_global_capturing()
    arguments = ['-m', 'pytest', *config.invocation_params.args]
    os.execve(sys.executable, [sys.executable, *arguments], env)


def pytest_collection_modifyitems(config, items):
    """Expect what needs a feature to fail on a server which lacks it."""
    kind = config.getoption('server')
    for item in items:
        for marker in item.iter_markers('needs'):
            lack = features.lack(kind, *marker.args)
            if lack is not None:
                item.add_marker(
                    pytest.mark.xfail(
                        reason=f'{lack.feature}: {lack.reason}',
                        run=lack.can_be_tried
                        and marker.kwargs.get('run', True),
                        strict=True,
                    )
                )


def pytest_generate_tests(metafunc):
    """Run what takes *server_mode* in each mode that the server has."""
    if 'server_mode' in metafunc.fixturenames:
        cls = servers.KINDS[metafunc.config.getoption('server')]
        metafunc.parametrize('server_mode', cls.modes)


def pytest_report_header(config):
    cls = servers.KINDS[config.getoption('server')]
    return f'server: {cls.title} ({cls.kind})'


@pytest.fixture(scope='session')
def lacks(pytestconfig):
    """Return a function that tells whether the server lacks a feature."""
    kind = pytestconfig.getoption('server')
    return lambda feature: features.lack(kind, feature) is not None


@pytest.fixture(autouse=True)
def short_waits(request, monkeypatch):
    """Do not wait long where this server is expected to do nothing."""
    if request.node.get_closest_marker('xfail') is not None:
        monkeypatch.setattr(servers, 'longest_wait', 2)


@pytest.fixture(scope='session')
def server_class(pytestconfig):
    """The class of servers that was chosen on the command line."""
    cls = servers.KINDS[pytestconfig.getoption('server')]
    if not cls.available():
        needs.missing(f'{cls.program} is not installed')
    return cls


@pytest.fixture(scope='session')
def server(server_class):
    """The server of all clients in this process (`servers.Server`)."""
    with server_class() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.client_env.items():
            patch.setenv(name, value)
        yield server
        assert server.alive(), server.log()
    assert server.leftovers() == []


@pytest.fixture
def make_server(server_class):
    """Return a function that starts a server of this test's own.

    It takes the arguments of `servers.Server`.
    """
    started = []

    def make(**options):
        server = server_class(**options)
        started.append(server)
        return server.start()

    yield make
    for server in started:
        server.stop()
    assert [file for server in started for file in server.leftovers()] == []


@pytest.fixture
def mode_server(make_server, server_mode):
    """A server of the test's own, in each of the modes that it has."""
    return make_server(mode=server_mode)


@pytest.fixture
def patient_server(make_server, server_class, server_mode):
    """A server as `mode_server`, which throws nobody out for being late."""
    return make_server(mode=server_mode, args=server_class.patience)


_numbers = itertools.count(1)


@pytest.fixture
def make_client(server):
    """Return a function that opens a client, closed after the test.

    It takes the arguments of `jack.Client`, and may be given the class.
    """
    opened = []

    def make(name=None, cls=jack.Client, **options):
        client = cls(name or f'test-{next(_numbers)}', **options)
        opened.append(client)
        return client

    yield make
    for client in reversed(opened):
        client.close()


@pytest.fixture
def client(make_client):
    """A client that is open, and not active."""
    return make_client()


@pytest.fixture
def active_client(client):
    """A client that is active, with no ports."""
    client.activate()
    return client


@pytest.fixture
def calm(make_client):
    """Blocks so long that nobody is ever late, however busy the machine.

    When somebody is late, JACK leaves out blocks.
    """
    client = make_client()
    client.activate()
    blocksize = client.blocksize
    client.blocksize = servers.LONGEST_BLOCK
    servers.wait_until(lambda: client.blocksize == servers.LONGEST_BLOCK, 10)
    yield
    client.blocksize = blocksize


class Events:
    """Collects what callbacks are called with, in order, on any thread.

    ``client.set_xrun_callback(events.put)`` makes an event of each call: the
    argument if there is one, else the tuple of them.
    """

    def __init__(self):
        self._queue = queue.SimpleQueue()
        self._taken = []

    def put(self, *args):
        self._queue.put(args[0] if len(args) == 1 else args)

    def next(self, timeout=5):
        """Take the next event; fails when none comes in time."""
        __tracebackhide__ = True
        try:
            event = self._queue.get(timeout=max(timeout, 0.001))
        except queue.Empty:
            raise AssertionError(
                f'no further event within {timeout} s, after {self._taken}'
            ) from None
        self._taken.append(event)
        return event

    def wait_for(self, predicate, timeout=5):
        """Take events up to the first for which *predicate* is true."""
        __tracebackhide__ = True
        deadline = time.monotonic() + timeout
        while True:
            event = self.next(deadline - time.monotonic())
            if predicate(event):
                return event

    def drain(self):
        """Take all events that are there already."""
        events = []
        while not self._queue.empty():
            events.append(self.next())
        return events


@pytest.fixture
def events():
    """A recorder of callbacks' arguments (`Events`)."""
    return Events()


@pytest.fixture
def wait_until():
    """`servers.wait_until`: poll with a deadline, never sleep."""
    return servers.wait_until


@pytest.fixture
def run_python(request, tmp_path):
    """Return a function that runs Python code in a process of its own.

    The child imports the repository's ``jack.py`` from another folder, and
    its clients reach *server*, the session's unless one is given.  A child
    that fails or hangs fails the test, with all of its output.
    """

    def run(code, *args, timeout=20, check=True, server=None):
        __tracebackhide__ = True
        server = server or request.getfixturevalue('server')
        return servers.run_child(
            servers.python_command(code, *args),
            servers.python_env(server.env),
            tmp_path,
            timeout,
            check,
        )

    return run


@pytest.fixture(autouse=True, scope='session')
def bytecode_is_kept(tmp_path_factory):
    """Where it must not be, each of a thousand child processes would compile
    and parse ``jack.py`` anew: a quarter of the tests' processor time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv('PYTHONDONTWRITEBYTECODE', raising=False)
        cache = tmp_path_factory.mktemp('pycache')
        patch.setenv('PYTHONPYCACHEPREFIX', str(cache))
        yield


@pytest.fixture(autouse=True, scope='session')
def lines_are_written_whole():
    """Unbuffered, a line of a child process and the end of it are written
    one after the other, and libjack may write something in between."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv('PYTHONUNBUFFERED', raising=False)
        yield


@pytest.fixture(autouse=True, scope='session')
def ctrl_c_works():
    """A job in the background of a shell ignores SIGINT, and so would all
    of its child processes."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


@pytest.fixture(autouse=True)
def default_message_functions():
    """Give libjack its own message functions back after each test.

    They write to stderr, which pytest captures and shows with failures.
    """
    yield
    jack.set_error_function(None)
    jack.set_info_function(None)
