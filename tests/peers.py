"""Witnesses: work done inside the process cycle, and in other processes."""

import concurrent.futures
import queue
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


class Peer:
    """A Python process with a client of its own; the talk is in lines.

    Its code prints lines (flushed) and ends when its standard input does,
    with *expect* as its exit code.
    """

    def __init__(self, server, code, *args, expect=0):
        self._expect = expect
        self._process = subprocess.Popen(
            servers.python_command(code, *args),
            env=servers.python_env(server.env),
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
            process.stdin.close()
            try:
                code = process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                code = 'hung, killed'
            self._reader.join()
        if exc_type is None:
            assert code == self._expect, f'{code}\n{self._transcript()}'

    def tell(self, line):
        """Send a line to the process."""
        print(line, file=self._process.stdin, flush=True)

    def signal(self, number):
        """Send a signal to the process."""
        self._process.send_signal(number)

    def hear(self, word, timeout=10):
        """Wait for a line that begins with *word*; returns the rest of it."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(deadline - time.monotonic(), 0.001)
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(
                    f'did not hear {word!r}\n{self._transcript()}'
                )
            self._said.append(line)
            first, _, rest = line.partition(' ')
            if first == word:
                return rest

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip('\n'))
        self._lines.put(None)

    def _transcript(self):
        while not self._lines.empty():
            self._said.append(self._lines.get())
        return '\n'.join(filter(None, self._said))
