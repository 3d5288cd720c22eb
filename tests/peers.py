"""Witnesses: work done inside the process cycle, and in other processes."""

import concurrent.futures
import queue
import re
import signal
import subprocess
import threading
import time

import servers


class Cycle:
    """Runs jobs in a client's process callback, at most one in each cycle.

    *each* is called in every cycle, before the job if there is one, with the
    number of frames.
    """

    def __init__(self, client, each=None):
        self._jobs = queue.SimpleQueue()
        self._each = each
        client.set_process_callback(self._process)

    def submit(self, job):
        """Queue *job*; returns the future of its result."""
        future = concurrent.futures.Future()
        self._jobs.put((future, job))
        return future

    def run(self, job, timeout=5):
        """Return what *job* returned in a cycle, or raise what it raised."""
        return self.submit(job).result(timeout)

    def _process(self, frames):
        if self._each is not None:
            self._each(frames)
        try:
            future, job = self._jobs.get_nowait()
        except queue.Empty:
            return
        try:
            result = job()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)


class Rhythm:
    """Notes when the cycles of a client begin, as told to its callback.

    To a callback that is late by a whole cycle, JACK tells when the one of
    the moment began, and to the next callback the same.
    """

    def __init__(self, client):
        self._client = client
        self._size = client.blocksize
        self._period = self._size / client.samplerate
        #: What JACK told, and when.
        self._noted = []

    def note(self, frames):
        self._noted.append((self._client.last_frame_time, time.monotonic()))

    def steps(self):
        """The numbers of the steps between cycles without a late callback."""
        gaps = [
            (after[1] - before[1]) / self._period
            for before, after in zip(self._noted, self._noted[1:])
        ]
        return [
            number
            for number in range(1, len(gaps) - 1)
            if all(0.8 < gap < 1.2 for gap in gaps[number - 1 : number + 2])
        ]

    def check(self, none_is_lost=False):
        """The callback is called once in each cycle, or in fewer of them."""
        frames = [frame for frame, _ in self._noted]
        steps = self.steps()
        sizes = {frames[n + 1] - frames[n] for n in steps}
        assert sizes == {self._size}, self._noted
        calls = steps[-1] - steps[0]
        cycles = (frames[steps[-1]] - frames[steps[0]]) / self._size
        expected = calls == cycles if none_is_lost else calls <= cycles
        assert expected, self._noted


class Program:
    """A client program; what it prints is heard line by line.

    It is asked to end as Ctrl+C does, and has to obey.
    """

    _ends = (0, -signal.SIGINT)

    def __init__(self, server, *command):
        # Programs in C would keep their lines until there are many.
        self._start(['stdbuf', '-oL', *command], server.env)

    def _start(self, command, env):
        self._process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines = queue.SimpleQueue()
        self._said = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, exc_type, *_):
        with self._process as process:
            self._ask_to_end()
            try:
                code = process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                code = 'hung, killed'
            self._reader.join()
        if exc_type is None:
            assert code in self._ends, f'{code}\n{self._transcript()}'

    def _ask_to_end(self):
        self.signal(signal.SIGINT)

    def tell(self, line):
        """Send a line to the process."""
        print(line, file=self._process.stdin, flush=True)

    def signal(self, number):
        """Send a signal to the process."""
        self._process.send_signal(number)

    def match(self, pattern, timeout=10):
        """Wait for a line that matches as a whole; returns the match."""
        deadline = time.monotonic() + servers.bounded(timeout)
        while True:
            left = max(deadline - time.monotonic(), 0.001)
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(
                    f'did not hear {pattern!r}\n{self._transcript()}'
                )
            self._said.append(line)
            match = re.fullmatch(pattern, line)
            if match:
                return match

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip('\n'))
        self._lines.put(None)

    def _transcript(self):
        while not self._lines.empty():
            self._said.append(self._lines.get())
        return '\n'.join(filter(None, self._said))


class Peer(Program):
    """A Python process with a client of its own; the talk is in lines.

    Its code prints lines (flushed) and ends when its standard input does,
    with *expect* as its exit code.
    """

    def __init__(self, server, code, *args, expect=0):
        self._ends = (expect,)
        self._start(
            servers.python_command(code, *args), servers.python_env(server.env)
        )

    def _ask_to_end(self):
        self._process.stdin.close()

    def hear(self, word, timeout=10):
        """Wait for a line that begins with *word*; returns the rest of it."""
        return self.match(f'{re.escape(word)}(?: (.*))?', timeout)[1] or ''
