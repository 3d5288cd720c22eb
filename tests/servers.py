"""Real JACK servers for the tests: private, headless, stopped by pid.

with Jack2(period=64) as server:
    server.run(['jack_lsp'])
"""

import contextlib
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHM = pathlib.Path('/dev/shm')
LONGEST_BLOCK = 8192  # frames, on JACK 2
# Where `make servers` unpacks those which are not installed.
UNPACKED = ROOT / '.servers'

_numbers = itertools.count(1)


# In seconds; less for tests that wait for what is known not to happen.
longest_wait = float('inf')


def bounded(timeout):
    """Return *timeout*, or the longest wait if that is less."""
    return min(timeout, longest_wait)


def wait_until(predicate, timeout=5, message=''):
    """Poll *predicate* until it is true and return what it returned."""
    __tracebackhide__ = True
    timeout = bounded(timeout)
    deadline = time.monotonic() + timeout
    while True:
        result = predicate()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(
                f'not within {timeout} s: {message or predicate}'
            )
        time.sleep(0.005)


def freeze(pid):
    """Stop a process: when the signal has been sent, it may still go on."""

    def has_stopped():
        states = [
            task.read_text().rpartition(')')[2].split()[0]
            for task in pathlib.Path(f'/proc/{pid}/task').glob('*/stat')
        ]
        return set(states) == {'T'}

    os.kill(pid, signal.SIGSTOP)
    wait_until(has_stopped)


def run_child(command, env, cwd, timeout=20, check=True):
    """Run *command* to its end, with its output captured as text.

    One that does not end in time gets SIGABRT, on which Python's
    faulthandler prints where each of its threads hangs.  What it has started
    ends with it.
    """
    # Else pytest would show the whole environment with a failure.
    __tracebackhide__ = True
    with subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGABRT)
            try:
                out, err = child.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                # A copy of it that hangs keeps its output open.
                os.killpg(child.pid, signal.SIGKILL)
                out, err = child.communicate()
            raise AssertionError(
                f'{command} still ran after {timeout} s\n{out}\n{err}'
            ) from None
    if check and child.returncode != 0:
        raise AssertionError(
            f'{command} ended with {child.returncode}\n{out}\n{err}'
        )
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def python_command(code, *args):
    """The command line that runs *code* in an interpreter of its own."""
    return [
        sys.executable,
        '-X',
        'faulthandler',
        '-c',
        textwrap.dedent(code),
        *map(str, args),
    ]


def python_env(env):
    """*env*, extended so that the repository's ``jack.py`` is found."""
    return {**env, 'PYTHONPATH': str(ROOT)}


class Server:
    """A server process with its clients' environment.

    A subclass names its program, and gives the command line, the socket on
    which the server is reached, and the files which it keeps while it runs.

    *env* is what client processes need in order to reach this server, and
    *client_env* is the part of it which differs from the tests' own.

    One whose program is in the folder *unpacked* has a libjack of its own,
    which a process finds only if it was started with `library_env`.

    *modes* are those that such a server has: ``'sync'`` if a cycle waits for
    the clients, and ``'async'`` if it plays what they wrote in the last one.
    The first is what a user gets.
    """

    kind = None
    title = None
    program = None
    unpacked = None
    modes = ('sync',)
    # What makes it wait for late clients for a long time.
    patience = ()

    def __init__(
        self,
        samplerate=48000,
        blocksize=256,
        mode=None,
        realtime=False,
        args=(),
        name=None,
    ):
        self.samplerate = samplerate
        self.blocksize = blocksize
        self.mode = mode or self.modes[0]
        self.realtime = realtime
        self.args = list(args)
        self.name = name or f'jacktest-{os.getpid()}-{next(_numbers)}'
        self.process = None
        self._children = []
        self._files = set()
        self._log = None
        self._starts = 0
        self._stopped = False

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc_info):
        self.stop()

    def __repr__(self):
        return f'<{self.kind} server {self.name!r}>'

    @classmethod
    def available(cls):
        if cls.unpacked is None:
            return shutil.which(cls.program) is not None
        return cls.unpacked.joinpath('usr/bin', cls.program).exists()

    @classmethod
    def library_env(cls):
        """What a process has to be started with, for this kind's libjack."""
        return {}

    @classmethod
    def library_folder(cls):
        """The folder of an unpacked kind's libraries."""
        (folder,) = cls.unpacked.glob('usr/lib/*-linux-gnu*')
        return folder

    @classmethod
    def unpacked_path(cls):
        """PATH, with the unpacked programs first."""
        own = str(cls.unpacked / 'usr/bin')
        others = os.environ['PATH'].split(os.pathsep)
        return os.pathsep.join([own, *(p for p in others if p != own)])

    @property
    def pid(self):
        return self.process.pid

    @property
    def servername(self):
        """What to give to `jack.Client` for this server."""
        return self.name

    @property
    def default_name(self):
        """What a client which was told no name calls this server."""
        return self.client_env.get('JACK_DEFAULT_SERVER', 'default')

    @property
    def env(self):
        return {**os.environ, **self.library_env(), **self.client_env}

    @property
    def client_env(self):
        raise NotImplementedError

    @property
    def command(self):
        raise NotImplementedError

    @property
    def socket(self):
        raise NotImplementedError

    def files(self):
        """(path, inode) of each file which has to vanish with the server."""
        raise NotImplementedError

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        """What the server has printed so far."""
        self._log.seek(0)
        return self._log.read()

    def start(self, timeout=10):
        """Return when the server accepts clients.

        A server may be started again after it was stopped or killed.
        """
        # The socket of a killed server is still there, and is dead.
        self.socket.unlink(missing_ok=True)
        self._starts += 1
        self._stopped = False
        self._close_log()
        self._log = tempfile.TemporaryFile(  # noqa: SIM115
            'w+', errors='replace'
        )
        try:
            self.process = subprocess.Popen(
                self.command,
                env={**self.env, 'JACK_NO_AUDIO_RESERVATION': '1'},
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=subprocess.STDOUT,
            )
        except OSError:
            self._is_over()
            raise
        try:
            wait_until(self._accepts, timeout, f'{self!r} is up')
            self.set_up()
        except (AssertionError, subprocess.CalledProcessError) as e:
            self.process.kill()
            self.process.wait()
            log = self.log()
            self._is_over()
            raise RuntimeError(f'{e}\n{log}') from None
        return self

    def stop(self):
        """End the server and the clients started by :meth:`popen`.

        Leaves nothing behind, also after :meth:`kill`.
        """
        self._reap_children()
        if self._starts and not self._stopped and not self.alive():
            # Only a server of the same name takes over the registry slot
            # and the memory of a killed one, and gives both back.
            self.start()
        if self.alive():
            try:
                self._terminate()
            except RuntimeError:
                # It had to be killed, and leaves no less behind for that.
                self.start()
                self._terminate()
                self._is_over()
                raise
            # jackd 1.9.21 dies now and then of SIGPIPE while it says good-bye
            # to clients, and is then a crashed one as above.
            while self.process.returncode:
                self.start()
                self._terminate()
        self._is_over()

    def _is_over(self):
        self.clean_up()
        self._stopped = True
        self._close_log()

    def _terminate(self):
        self._files |= self.files()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(
                f'{self!r} ignored SIGTERM\n{self.log()}'
            ) from None

    def kill(self):
        """End the server as a crash would: no clean-up, no good-bye."""
        self._files |= self.files()
        self.process.kill()
        self.process.wait()

    def set_up(self):
        """Do what is left to do when the server accepts clients."""

    def clean_up(self):
        """Remove what clients could not, as their server was gone.

        A test may have ended the server itself, so this is always done.
        """

    def leftovers(self):
        """Files of this server which still exist."""
        return sorted(
            str(path)
            for path, inode in self._files
            if path.exists() and path.stat().st_ino == inode
        )

    def popen(self, args, **options):
        """Start a client process; it ends with the server at the latest."""
        options = {
            'env': self.env,
            'stdin': subprocess.DEVNULL,
            'stdout': subprocess.PIPE,
            'stderr': subprocess.STDOUT,
            'text': True,
            **options,
        }
        child = subprocess.Popen(args, **options)
        self._children.append(child)
        return child

    def run(self, args, timeout=20, check=True):
        """Run a client process to its end and return what it printed."""
        return run_child(args, self.env, None, timeout, check)

    def _close_log(self):
        if self._log is not None:
            self._log.close()
            self._log = None

    def _reap_children(self):
        while self._children:
            child = self._children.pop()
            # A server takes seconds to notice that a client was killed.
            child.terminate()
            try:
                # Reads the pipes to their end and closes them.
                child.communicate(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()

    def _accepts(self):
        if not self.alive():
            raise AssertionError(f'{self!r} ended: {self.process.returncode}')
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True


class Jackd(Server):
    """A server with a name and JACK's usual command line."""

    program = 'jackd'
    # In milliseconds.  A real-time JACK 1 server would wait for one cycle.
    patience = ('-t', '5000')

    @property
    def client_env(self):
        return {
            'JACK_DEFAULT_SERVER': self.name,
            # No test may start a server as a side effect of a typing error.
            'JACK_NO_START_SERVER': '1',
        }

    @property
    def command(self):
        return [
            self.program,
            '-n',
            self.name,
            '-R' if self.realtime else '-r',
            *self.args,
            '-d',
            'dummy',
            '-r',
            str(self.samplerate),
            '-p',
            str(self.blocksize),
        ]


class Jack2(Jackd):
    kind = 'jack2'
    title = 'JACK 2'
    modes = ('async', 'sync')

    @property
    def command(self):
        program, *arguments = super().command
        # jackd 1.9.21 with -S stood still for ten times this time in two of
        # forty runs of two files, on a busy machine, and nobody could open a
        # client meanwhile: its backtrace showed it waiting for one that had
        # left, and had no callback in Python.  Perhaps it answers one cycle
        # too early, and libjack ends that client's thread.
        synchronous = ['-S', '-t', '200']
        return [program, *synchronous * (self.mode == 'sync'), *arguments]

    @property
    def socket(self):
        return SHM / f'jack_{self.name}_{os.getuid()}_0'

    def files(self):
        # The segments are numbered over all servers of a user: only the
        # process itself knows which are its own.
        maps = pathlib.Path(f'/proc/{self.pid}/maps').read_text()
        paths = set(re.findall(rf'{SHM}/jack-{os.getuid()}-\d+$', maps, re.M))
        paths |= set(SHM.glob(f'jack_*{self.name}_*'))
        found = set()
        for path in map(pathlib.Path, paths):
            # That of a client may be gone by now.
            with contextlib.suppress(FileNotFoundError):
                found.add((path, path.stat().st_ino))
        return found

    def clean_up(self):
        for path in SHM.glob(f'jack_sem.{os.getuid()}_{self.name}_*'):
            path.unlink()


class NetMaster(Jack2):
    """A server that is about to hear from the network.

    When it misreads what it hears, it may ask for all the memory there is.
    """

    @property
    def command(self):
        return ['prlimit', f'--as={4 << 30}', *super().command]


class NetSlave(NetMaster):
    """A server that has the network for a sound card.

    The network is one address of the loopback interface: with multicast on
    one machine, a server would read its own announcements.
    """

    def __init__(self, net_port, **options):
        super().__init__(**options)
        self.net_port = net_port

    @property
    def command(self):
        command = super().command
        return [
            *command[: command.index('dummy')],
            *('net', '-a', '127.0.0.1', '-p', str(self.net_port)),
            *('-C', '2', '-P', '2', '-i', '1', '-o', '1', '-n', 'studio'),
        ]


def free_udp_port():
    """A port of the loopback interface that nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Jack2Sync(Jack2):
    kind = 'jack2sync'
    title = 'JACK 2 with -S'
    modes = ('sync',)


class Jack1(Jackd):
    kind = 'jack1'
    title = 'JACK 1'
    unpacked = UNPACKED / 'jack1'

    @classmethod
    def library_env(cls):
        folder = cls.library_folder()
        return {
            'LD_LIBRARY_PATH': str(folder),
            'JACK_DRIVER_DIR': str(folder / 'jack'),
            # Its libjack runs the first `jackd` that it finds, to learn where
            # the server's sockets are.
            'PATH': cls.unpacked_path(),
        }

    @property
    def folder(self):
        return SHM / f'jack-{os.getuid()}' / self.name

    @property
    def socket(self):
        return self.folder / 'jack_0'

    def start(self, timeout=10):
        # The metadata of servers of all names is kept here.  jackd 0.126.0
        # makes the folder for the server of this name only, and without it
        # dies when the first client closes.
        shared = self.folder.with_name('default')
        shared.mkdir(mode=0o700, parents=True, exist_ok=True)
        return super().start(timeout)

    def files(self):
        return {(path, path.stat().st_ino) for path in [self.folder]}

    def clean_up(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class PipeWire(Server):
    kind = 'pipewire'
    title = 'PipeWire 0.3'
    program = 'pipewire'
    unpacked = UNPACKED / 'pipewire'

    @classmethod
    def library_env(cls):
        folder = cls.library_folder()
        return {
            'LD_LIBRARY_PATH': f'{folder}/pipewire-0.3/jack:{folder}',
            'PIPEWIRE_MODULE_DIR': f'{folder}/pipewire-0.3',
            'SPA_PLUGIN_DIR': f'{folder}/spa-0.2',
            'PIPEWIRE_CONFIG_DIR': str(cls.unpacked / 'usr/share/pipewire'),
            'PATH': cls.unpacked_path(),
        }

    @property
    def folder(self):
        return pathlib.Path(tempfile.gettempdir(), self.name)

    @property
    def client_env(self):
        return {
            'XDG_RUNTIME_DIR': str(self.folder),
            'PIPEWIRE_RUNTIME_DIR': str(self.folder),
        }

    @property
    def command(self):
        return [
            str(self.unpacked / 'usr/bin' / self.program),
            '-c',
            str(self.folder / 'pipewire.conf'),
            *self.args,
        ]

    @property
    def servername(self):
        return str(self.socket)

    @property
    def socket(self):
        return self.folder / 'pipewire-0'

    def start(self, timeout=10):
        self.folder.mkdir(mode=0o700, exist_ok=True)
        template = ROOT.joinpath('tests', 'pipewire.conf').read_text()
        self.folder.joinpath('pipewire.conf').write_text(
            template.replace('@RATE@', str(self.samplerate)).replace(
                '@QUANTUM@', str(self.blocksize)
            )
        )
        return super().start(timeout)

    def files(self):
        return {(self.socket, self.socket.stat().st_ino)}

    def clean_up(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class PipeWireNew(PipeWire):
    kind = 'pipewire-new'
    title = 'PipeWire 1.4'
    unpacked = UNPACKED / 'pipewire-new'

    def set_up(self):
        # PipeWire 1.4.2 ignores adapter.auto-port-config, which gives the
        # nodes of the system their ports in 0.3.
        for node, direction in (
            ('system-playback', 'Input'),
            ('system-capture', 'Output'),
        ):
            config = f"""
            {{ direction = {direction}, mode = dsp, monitor = false,
               format = {{ mediaType = audio, mediaSubtype = raw,
                          format = F32P, rate = {self.samplerate},
                          channels = 2, position = [ FL FR ] }} }}
            """
            subprocess.run(
                ['pw-cli', 'set-param', node, 'PortConfig', config],
                env=self.env,
                stdout=subprocess.DEVNULL,
                timeout=10,
                check=True,
            )


KINDS = {
    server.kind: server
    for server in (Jack2, Jack2Sync, Jack1, PipeWire, PipeWireNew)
}
