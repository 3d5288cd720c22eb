"""Play a sound through three JACK clients and compare what comes out.

    make demo                   with a private server, no sound card needed
    make demo SERVER=default    with the server that is running

examples/play_file.py plays a recorded voice, examples/thru_client.py passes
it on, and a client in this file records it:

    player -> thru -> recorder

Prints the graph of connections, how many cycles and xruns there were, and
whether the recording equals the file sample for sample.  Writes the recording
to demo.wav.  The exit code is 0 only if nothing was lost or changed.
"""

import argparse
import contextlib
import os
import pathlib
import queue
import signal
import subprocess
import sys

import numpy as np
import soundfile

import jack

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests'))

import servers

EXAMPLES = servers.ROOT / 'examples'
VOICE = '/usr/share/sounds/alsa/Front_Center.wav'

# At 48 kHz each cycle lasts 21 ms: enough for three Python programs in turn,
# on a machine that has other things to do as well.
BLOCKSIZE = 1024


class DemoError(Exception):
    """The sound did not get through; the text says why."""


class Recorder:
    """A client that keeps each block it receives, with the block's time."""

    def __init__(self, name, servername, channels):
        self.client = jack.Client(
            name, no_start_server=True, servername=servername
        )
        self._blocks = queue.SimpleQueue()
        for number in range(1, channels + 1):
            self.client.inports.register(f'input_{number}')
        self.client.set_process_callback(self._process)

    def _process(self, frames):
        # The buffers are JACK's, and valid in this cycle only: copy.
        block = [bytes(port.get_buffer()) for port in self.client.inports]
        self._blocks.put((self.client.last_frame_time, block))

    def cycles(self):
        """How many cycles were recorded so far."""
        return self._blocks.qsize()

    def result(self):
        """Return all samples as (frames, channels), and each cycle's time."""
        blocks = [self._blocks.get() for _ in range(self.cycles())]
        times = np.array([time for time, _ in blocks], dtype='u4')
        channels = [
            np.frombuffer(b''.join(channel), dtype='f4')
            for channel in zip(*(block for _, block in blocks))
        ]
        return np.column_stack(channels), times


class Child:
    """An example that runs as a program of its own."""

    def __init__(self, script, *args, servername):
        self.script = script
        self._process = subprocess.Popen(
            [sys.executable, '-u', EXAMPLES / script, *args],
            env={
                **os.environ,
                'JACK_DEFAULT_SERVER': servername,
                'JACK_NO_START_SERVER': '1',
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._process.kill()
        self._process.communicate()

    def running(self):
        return self._process.poll() is None

    def interrupt(self):
        """What Ctrl+C does."""
        self._process.send_signal(signal.SIGINT)

    def finish(self, timeout):
        """Wait for its end; whatever it has to complain about is an error."""
        try:
            output, _ = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
            raise DemoError(
                f'{self.script} still ran after {timeout:.0f} s:\n{output}'
            ) from None
        if self._process.returncode != 0:
            raise DemoError(
                f'{self.script} ended with {self._process.returncode}:\n'
                f'{output}'
            )


def parse_args():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('file', nargs='?', default=VOICE, help='sound file')
    parser.add_argument(
        '--server', help='name of a running server (default: a private one)'
    )
    parser.add_argument('--output', default='demo.wav', help='the recording')
    return parser.parse_args()


def wait_until(predicate, message, *children):
    """Poll for at most 10 seconds; a child that ends early is an error."""

    def check():
        for child in children:
            if not child.running():
                child.finish(10)
                raise DemoError(f'{child.script} ended too early')
        return predicate()

    try:
        servers.wait_until(check, timeout=10)
    except AssertionError:
        raise DemoError(f'Within 10 seconds, {message} did not') from None


def connect_only(client, port, source):
    """Let *port* receive what *source* sends, and nothing else.

    A microphone would be mixed in otherwise: examples/thru_client.py connects
    itself to the sound card.
    """
    for other in client.get_all_connections(port):
        if other.name != source:
            client.disconnect(other, port)
    if source not in [p.name for p in client.get_all_connections(port)]:
        client.connect(source, port)


def is_wired_up(client, thru):
    """Has the thru client made all the connections that it makes?"""
    for is_input in True, False:
        ours = client.get_ports(
            f'^{thru}:',
            is_audio=True,
            is_input=is_input,
            is_output=not is_input,
        )
        theirs = client.get_ports(
            is_audio=True,
            is_physical=True,
            is_input=not is_input,
            is_output=is_input,
        )
        connected = [p for p in ours if client.get_all_connections(p)]
        if not ours or len(connected) < min(len(ours), len(theirs)):
            return False
    return True


def print_graph(client):
    print('Connections while the sound was playing:')
    for source in client.get_ports(is_audio=True, is_output=True):
        for destination in client.get_all_connections(source):
            print(f'    {source.name} -> {destination.name}')


def play(recorder, servername, file, suffix):
    """Let the sound go through the clients; returns when it has ended."""
    client = recorder.client
    channels = len(client.inports)
    player, thru = f'player{suffix}', f'thru{suffix}'
    numbers = range(1, channels + 1)
    with contextlib.ExitStack() as stack:
        thru_child = stack.enter_context(
            Child('thru_client.py', thru, servername, servername=servername)
        )
        wait_until(
            lambda: is_wired_up(client, thru),
            'the thru client connect to the sound card',
            thru_child,
        )
        player_child = stack.enter_context(
            Child(
                'play_file.py',
                '-m',
                '-c',
                player,
                file.name,
                servername=servername,
            )
        )
        wait_until(
            lambda: len(client.get_ports(f'^{player}:')) == channels,
            'the player come up',
            thru_child,
            player_child,
        )
        # From the far end: all is in place when the player sees that it is
        # connected, and starts.  Its first port is what it waits for.
        for n in numbers:
            connect_only(client, client.inports[n - 1], f'{thru}:output_{n}')
        for n in reversed(numbers):
            connect_only(client, f'{thru}:input_{n}', f'{player}:out_{n}')
        print_graph(client)
        player_child.finish(10 + 2 * file.frames / client.samplerate)
        cycles = recorder.cycles()
        wait_until(
            lambda: recorder.cycles() >= cycles + 2,
            'the recorder see another cycle',
            thru_child,
        )
        thru_child.interrupt()
        thru_child.finish(10)


def find_sound(recording, expected):
    """Frame of *recording* where *expected* starts, or `None`."""
    heard = np.flatnonzero(recording.any(axis=1))
    first = np.flatnonzero(expected.any(axis=1))
    if not len(heard) or heard[0] < first[0]:
        return None
    return int(heard[0] - first[0])


def print_difference(recording, expected, start):
    """Compare sample for sample; returns whether there is no difference."""
    if start is None:
        print('The recording is silent.')
        return False
    recorded = recording[start : start + len(expected)]
    rest = recording[start + len(expected) :]
    if len(recorded) < len(expected):
        print(f'Only {len(recorded)} of {len(expected)} frames were recorded.')
        return False
    wrong = np.flatnonzero((recorded != expected).any(axis=1))
    if len(wrong):
        print(
            f'{len(wrong)} of {len(expected)} frames differ from the file, '
            f'the first of them is frame {wrong[0]}.'
        )
        return False
    if rest.any():
        print('All samples equal the file, but the sound goes on after it.')
        return False
    print(
        f'All {expected.size} samples equal the file: '
        f'largest difference {np.abs(recorded - expected).max():.1f}.'
    )
    return True


def print_cycles(times, blocksize, xruns, start, frames):
    """Report the counts; returns how many cycles the sound has lost."""
    # Frame times wrap around, as their differences do; and after an xrun they
    # go on anywhere, not at a multiple of the block size.
    missing = np.rint(np.diff(times) / blocksize).astype(int) - 1
    missing = np.maximum(missing, 0)
    print(
        f'{len(times)} cycles of {blocksize} frames recorded, '
        f'{missing.sum()} missed, {xruns} xruns'
    )
    if start is None:
        return 0
    first, last = start // blocksize, (start + frames - 1) // blocksize
    lost = int(missing[first:last].sum())
    print(f'Cycles missed while the sound was playing: {lost}')
    return lost


def run(servername, args):
    with soundfile.SoundFile(args.file) as file:
        expected = file.read(dtype='float32', always_2d=True)
        if file.channels > 2:
            raise DemoError(f'{args.file} has more than two channels')
        if not expected.any():
            raise DemoError(f'{args.file} is silent')
        # Several demonstrations may use the same server.
        suffix = f'-{os.getpid()}' if args.server else ''
        recorder = Recorder(f'recorder{suffix}', servername, file.channels)
        with recorder.client as client:
            print(
                f'{args.file}: {file.frames} frames, {file.channels} '
                f'channel(s), {file.samplerate} Hz'
            )
            print(f'Server {servername!r}: {client.samplerate} Hz')
            if file.samplerate != client.samplerate:
                print(
                    'JACK does not resample: the sound plays at '
                    f'{client.samplerate / file.samplerate:.3f} times its '
                    'speed, and its samples stay what they are.'
                )
            play(recorder, servername, file, suffix)
            blocksize, xruns = client.blocksize, client.xrun_count
    recording, times = recorder.result()
    start = find_sound(recording, expected)
    lost = print_cycles(times, blocksize, xruns, start, len(expected))
    equal = print_difference(recording, expected, start)
    sound = recording[start or 0 :][: len(expected)]
    soundfile.write(args.output, sound, file.samplerate, subtype='FLOAT')
    print(f'What was recorded is in {args.output}')
    # A server of somebody else's may be busy with other things as well.
    return equal and (lost == 0 or args.server is not None)


def main():
    # A shell that starts this in the background makes it ignore SIGINT, and
    # its children with it: they have to be stopped that way.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Leaves the with statements, so that no server or program stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    args = parse_args()
    # libjack says a lot about privileges which it can do without.
    messages = []
    jack.set_error_function(messages.append)
    with contextlib.ExitStack() as stack:
        servername = args.server
        try:
            if servername is None:
                # Real-time scheduling is what keeps the sound going on a
                # busy machine.  JACK does without where it is not allowed.
                server = servers.Jack2(
                    name=f'jackdemo-{os.getpid()}',
                    blocksize=BLOCKSIZE,
                    realtime=True,
                )
                servername = stack.enter_context(server).name
            success = run(servername, args)
        except (DemoError, jack.JackError, OSError, RuntimeError) as e:
            sys.stdout.flush()
            print(*messages, e, sep='\n', file=sys.stderr)
            success = False
    print('The demonstration', 'succeeded' if success else 'FAILED')
    return 0 if success else 1


if __name__ == '__main__':
    sys.exit(main())
