"""Each example, run as a user runs it, against a real server.

The examples are child processes.  What they do is seen from the outside: by
JACK's own command line tools, or by clients of the tests' own process.
"""

import ast
import contextlib
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading

import mido
import numpy as np
import peers
import pytest
import servers
import soundfile

import jack

EXAMPLES = servers.ROOT / 'examples'
NAMES = sorted(path.name for path in EXAMPLES.glob('*.py'))
BLOCKSIZE = servers.LONGEST_BLOCK
PATIENCE = 20  # seconds; the machine may be busy with other things


class Example:
    """A running example, and what it has printed so far."""

    def __init__(self, server, name, *args, **env):
        self.out, self.err = [], []
        self._heard = {id(self.out): 0, id(self.err): 0}
        self.process = subprocess.Popen(
            [sys.executable, '-X', 'faulthandler', EXAMPLES / name, *args],
            env={**servers.python_env(server.env), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=args, daemon=True)
            for args in (
                (self.process.stdout, self.out),
                (self.process.stderr, self.err),
            )
        ]
        for reader in self._readers:
            reader.start()

    def __repr__(self):
        out, err = ''.join(self.out), ''.join(self.err)
        command = ' '.join(map(str, self.process.args[3:]))
        code = self.process.poll()
        return f'{command} ({code})\nstdout:\n{out}\nstderr:\n{err}'

    def hear(self, pattern):
        """Wait for a further line on stdout that matches; returns the match.

        Lines before it are passed over.
        """
        return self._hear(pattern, self.out)

    def hear_on_stderr(self, pattern):
        """Wait for a line on stderr that matches."""
        return self._hear(pattern, self.err)

    def _hear(self, pattern, lines):
        def find():
            ended = not any(reader.is_alive() for reader in self._readers)
            for line in lines[self._heard[id(lines)] :]:
                self._heard[id(lines)] += 1
                match = re.search(pattern, line)
                if match:
                    return match
            if ended:
                raise AssertionError('it has ended')
            return None

        try:
            return servers.wait_until(find, PATIENCE)
        except AssertionError as e:
            raise AssertionError(f'no {pattern!r} in {self!r}') from e

    def interrupt(self):
        """Do what Ctrl+C does."""
        self.process.send_signal(signal.SIGINT)
        return self

    def finish(self, code=0, timeout=PATIENCE):
        """Wait for the end, which has to be a clean one."""
        try:
            self.process.wait(servers.bounded(timeout))
        except subprocess.TimeoutExpired:
            # It prints what each of its threads is doing.
            self.process.send_signal(signal.SIGABRT)
            self._close()
            raise AssertionError(f'still running: {self}') from None
        self._close()
        assert self.process.returncode == code, repr(self)
        assert 'Traceback' not in ''.join(self.err), repr(self)
        return self

    def stop(self):
        """End it, whatever the state it is in."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._close()

    def _close(self):
        self.process.wait()
        for reader in self._readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line)


@pytest.fixture
def start(request):
    """Return a function that starts an example; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(name, *args, server=None, **env):
            if name.startswith('native_'):
                pytest.importorskip('numba')
            server = server or request.getfixturevalue('server')
            example = Example(server, name, *map(str, args), **env)
            stack.callback(example.stop)
            return example

        yield start


@pytest.fixture
def tool(request):
    """Return a function that starts a program of JACK; it ends with the test.

    Killing such a program would leave the server waiting for it.  Two signals
    to end would have two of its threads close the client, and hang: a test
    that sends one waits for the end itself.
    """
    with contextlib.ExitStack() as stack:

        def tool(*command, server=None):
            server = server or request.getfixturevalue('server')
            process = server.popen(command, stdout=subprocess.DEVNULL)
            stack.callback(process.wait, PATIENCE)
            stack.callback(process.terminate)
            return process

        yield tool


class Tape:
    """Keeps what arrives at some audio inputs, cycle by cycle."""

    def __init__(self, client, channels=1, **flags):
        self.ports = [
            client.inports.register(f'tape_{number + 1}', **flags)
            for number in range(channels)
        ]
        self.blocks = []
        self.client = client
        client.set_process_callback(self._process)
        client.activate()

    def _process(self, frames):
        self.blocks.append(np.array([p.get_array() for p in self.ports]))

    def samples(self, channel=0):
        return np.concatenate([block[channel] for block in self.blocks])

    def wait_for_more(self, count=2):
        """Wait until so many cycles have gone by."""
        goal = len(self.blocks) + count
        servers.wait_until(lambda: len(self.blocks) >= goal, PATIENCE)

    def wait_for_sound(self, channel=0):
        servers.wait_until(
            lambda: any(b[channel].any() for b in self.blocks[-50:]), PATIENCE
        )


class MidiTape:
    """Keeps the MIDI events that arrive, with the frames they arrive at."""

    def __init__(self, client):
        self.client = client
        self.port = client.midi_inports.register('tape')
        self.events = []
        self._position = 0
        client.set_process_callback(self._process)
        client.activate()

    def _process(self, frames):
        for offset, data in self.port.incoming_midi_events():
            self.events.append((self._position + offset, bytes(data)))
        self._position += frames

    def wait_for(self, count):
        servers.wait_until(lambda: len(self.events) >= count, PATIENCE)
        return self.events[:count]


class MidiSource:
    """Sends MIDI events."""

    def __init__(self, client):
        self._client = client
        self.port = client.midi_outports.register('source')
        self._cycle = peers.Cycle(client, lambda _: self.port.clear_buffer())
        client.activate()

    def send(self, *events):
        """Send (offset, bytes) pairs, all in the same cycle.

        Returns the frame time at which the cycle began.
        """

        def write():
            for offset, data in events:
                self.port.write_midi_event(offset, data)
            return self._client.last_frame_time

        return self._cycle.run(write)


def connections(server, port):
    """Ask jack_lsp for the ports to which *port* is connected."""
    lines = server.run(['jack_lsp', '-c', port]).stdout.splitlines()
    if port not in lines:
        return []
    rest = lines[lines.index(port) + 1 :]
    ends = [i for i, line in enumerate(rest) if not line.startswith(' ')]
    return [line.strip() for line in rest[: min(ends, default=len(rest))]]


def wait_for_port(server, name):
    servers.wait_until(
        lambda: name in server.run(['jack_lsp']).stdout.splitlines(),
        PATIENCE,
        f'{name} is there',
    )


def connect(server, source, destination):
    """Connect a port of a program that is about to come up.

    Its ports appear a moment before it is active, and only then they can be
    connected.
    """
    wait_for_port(server, source)
    command = ['jack_connect', source, destination]
    servers.wait_until(
        lambda: server.run(command, check=False).returncode == 0,
        PATIENCE,
        f'{source} can be connected',
    )


def not_alike(heard, expected):
    """The numbers of those blocks which are not bit by bit the same."""
    return [
        start // BLOCKSIZE
        for start in range(0, max(len(heard), len(expected)), BLOCKSIZE)
        if heard[start : start + BLOCKSIZE].tobytes()
        != expected[start : start + BLOCKSIZE].tobytes()
    ]


def make_wav(path, frames, channels=1, seed=0):
    """Write a sound file of noise, and return its samples."""
    noise = np.random.default_rng(seed).uniform(-1, 1, (frames, channels))
    samples = noise.astype('float32')
    soundfile.write(path, samples, 48000, subtype='FLOAT')
    return samples


def make_midi_file(path, messages):
    """Write a file of messages, whose times are in milliseconds."""
    file = mido.MidiFile(ticks_per_beat=1000)
    meta = [
        mido.MetaMessage('set_tempo', tempo=1_000_000),
        mido.MetaMessage('track_name', name='a test'),
    ]
    file.tracks.append(mido.MidiTrack([*meta, *messages]))
    file.save(path)


# -- All of them --------------------------------------------------------------

ONE_SHOT = ['aliases.py', 'transporter.py']
ENDLESS = [name for name in NAMES if name not in ONE_SHOT]

# What proves that an example is up: a line that it prints, or a port of its
# own that it has connected.
SIGNS = {
    'metadata.py': 'created',
    'midi_file_player.py': 'playing to',
    'play_file.py': 'play_file:out_1',
    'showtime.py': 'frame',
}


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A folder with a minute of sound, and of MIDI."""
    folder = tmp_path_factory.mktemp('files')
    make_wav(folder / 'long.wav', 48000 * 60)
    messages = [
        mido.Message('note_on', note=60),
        mido.Message('note_off', note=60, time=60000),
    ]
    make_midi_file(folder / 'long.mid', messages)
    return folder


@pytest.fixture
def arguments(files, tmp_path):
    """What each example needs on its command line."""
    return {
        'net_master.py': ['127.0.0.1', '-p', servers.free_udp_port()],
        'midi_file_player.py': [files / 'long.mid'],
        'play_file.py': [files / 'long.wav'],
        'record_file.py': [tmp_path / 'recorded.wav', 'system:capture_1'],
        'transporter.py': ['show'],
    }


def wait_for_sign(example, name, server):
    sign = SIGNS.get(name, r'Ctrl\+C ends it')
    if ':' in sign:
        servers.wait_until(lambda: connections(server, sign), PATIENCE)
    elif name == 'midi_monitor.py':
        example.hear_on_stderr(sign)
    else:
        example.hear(sign)


def test_every_example_has_a_test():
    tree = ast.parse(pathlib.Path(__file__).read_text())
    tested = {
        node.value
        for test in tree.body
        if isinstance(test, ast.FunctionDef) and test.name.startswith('test_')
        for node in ast.walk(test)
        if isinstance(node, ast.Constant) and node.value in NAMES
    }
    assert tested == set(NAMES)


def test_there_are_the_promised_examples():
    assert len(NAMES) >= 16


@pytest.mark.parametrize('name', NAMES)
def test_it_has_between_30_and_90_lines(name):
    assert 30 <= len((EXAMPLES / name).read_text().splitlines()) <= 90


@pytest.mark.parametrize('name', NAMES)
def test_it_explains_itself(name, start):
    example = start(name, '--help').finish()
    summary = ast.get_docstring(ast.parse((EXAMPLES / name).read_text()))
    assert summary.splitlines()[0] in re.sub(r'\s+', ' ', ''.join(example.out))


@pytest.mark.parametrize('name', NAMES)
def test_it_says_that_there_is_no_server(name, start, server, arguments):
    example = start(
        name,
        *arguments.get(name, []),
        JACK_DEFAULT_SERVER=f'{server.name}-not-there',
        PIPEWIRE_REMOTE=f'{server.name}-not-there',
    )
    example.finish(1)
    assert 'JACK' in ''.join(example.err), repr(example)


# What they cannot do without.
NEEDS = {
    'net_master.py': 'internal clients',
    'play_file.py': 'flags of ports without hardware',
}

endless = pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=pytest.mark.needs(NEEDS[name]))
        if name in NEEDS
        else name
        for name in ENDLESS
    ],
)


@endless
def test_ctrl_c_ends_it_at_once(name, start, server, arguments):
    example = start(name, *arguments.get(name, []))
    wait_for_sign(example, name, server)
    example.interrupt().finish(timeout=5)


@endless
def test_it_ends_with_the_server(name, make_server, start, arguments):
    server = make_server()
    example = start(name, *arguments.get(name, []), server=server)
    wait_for_sign(example, name, server)
    server.stop()
    example.finish(1 if name == 'play_file.py' else 0, timeout=10)


# -- Audio --------------------------------------------------------------------


def test_thru_client_passes_a_metronome_on(
    calm, start, tool, make_client, server
):
    thru = start('thru_client.py', 'thru')
    thru.hear('thru is running')
    tool('jack_metro', '-b', '600', '-D', '50', '-n', 'metro')
    connect(server, 'metro:600_bpm', 'thru:input_2')
    tape = Tape(make_client(), channels=2)
    tape.client.connect('metro:600_bpm', tape.ports[0])
    tape.client.connect('thru:output_2', tape.ports[1])
    tape.wait_for_sound(1)
    # By now, all connections are made.
    tape.blocks.clear()
    tape.wait_for_more(6)
    assert np.count_nonzero(tape.samples(0)) > 1000
    assert not_alike(tape.samples(1), tape.samples(0)) == []


@pytest.mark.needs('flags of ports without hardware')
def test_thru_client_connects_to_the_physical_ports(start, server):
    thru = start('thru_client.py', '-p', 3, 'thru')
    thru.hear('thru is running')
    for number in (1, 2):
        assert connections(server, f'thru:input_{number}') == [
            f'system:capture_{number}'
        ]
        assert connections(server, f'thru:output_{number}') == [
            f'system:playback_{number}'
        ]
    ports = server.run(['jack_lsp', 'thru:']).stdout.split()
    assert sorted(ports) == [
        *(f'thru:input_{number}' for number in (1, 2, 3)),
        *(f'thru:output_{number}' for number in (1, 2, 3)),
    ]


def test_thru_client_takes_the_name_of_a_server(make_server, start, server):
    other = make_server()
    start('thru_client.py', 'thru', other.servername).hear('thru is running')
    assert 'thru:input_1' in other.run(['jack_lsp']).stdout
    assert 'thru:input_1' not in server.run(['jack_lsp']).stdout


@pytest.mark.needs('a blocksize that everybody knows')
def test_play_file_plays_each_sample_once(calm, start, make_client, tmp_path):
    samples = make_wav(tmp_path / 'noise.wav', 5 * BLOCKSIZE + 100, channels=2)
    tape = Tape(make_client(), channels=2)
    play = start('play_file.py', '-m', '-c', 'p', tmp_path / 'noise.wav')
    client = tape.client
    servers.wait_until(lambda: len(client.get_ports('^p:')) == 2, PATIENCE)
    client.connect('p:out_2', tape.ports[1])
    tape.wait_for_more()
    assert not tape.samples(1).any()
    # It starts now.
    client.connect('p:out_1', tape.ports[0])
    play.finish(timeout=30)
    tape.wait_for_more()
    for channel in (0, 1):
        heard = tape.samples(channel)
        first = np.flatnonzero(heard)[0]
        assert first % BLOCKSIZE == 0
        end = first + len(samples)
        assert not_alike(heard[first:end], samples[:, channel]) == []
        assert not heard[end:].any()


@pytest.mark.needs('a blocksize that everybody knows')
def test_play_file_connects_to_the_physical_ports(
    calm, start, make_client, tmp_path
):
    """The third and the fourth loudspeaker are the tests' own."""
    samples = make_wav(tmp_path / 'noise.wav', 3 * BLOCKSIZE, channels=4)
    tape = Tape(make_client(), channels=2, is_physical=True)
    connected = []
    witness = make_client()
    witness.set_port_connect_callback(
        lambda a, b, connect: connected.append((a.name, b.name))
    )
    witness.activate()
    start('play_file.py', tmp_path / 'noise.wav').finish(timeout=30)
    tape.wait_for_more()
    for channel in (0, 1):
        heard = np.trim_zeros(tape.samples(channel))
        assert not_alike(heard, samples[:, channel + 2]) == []
    assert {
        ('play_file:out_1', 'system:playback_1'),
        ('play_file:out_2', 'system:playback_2'),
    } < set(connected)


@pytest.mark.needs('flags of ports without hardware')
def test_play_file_reports_a_buffer_underrun(start, tmp_path):
    """Its file is a pipe, through which the last samples never come."""
    make_wav(tmp_path / 'noise.wav', 100 * 256)
    data = (tmp_path / 'noise.wav').read_bytes()
    os.mkfifo(tmp_path / 'pipe.wav')
    play = start('play_file.py', '-b', 5, tmp_path / 'pipe.wav')
    with open(tmp_path / 'pipe.wav', 'wb') as pipe:
        pipe.write(data[: len(data) // 2])
        pipe.flush()
        play.finish(1)
    assert 'underrun' in ''.join(play.err)


@pytest.mark.parametrize('content', [None, b'', b'no sound'])
def test_play_file_says_that_it_cannot_read_the_file(start, tmp_path, content):
    if content is not None:
        (tmp_path / 'noise.wav').write_bytes(content)
    play = start('play_file.py', tmp_path / 'noise.wav').finish(1)
    assert 'noise.wav' in ''.join(play.err)


@pytest.mark.needs('a blocksize that everybody knows')
def test_record_file_records_what_play_file_plays(
    calm, start, server, tmp_path
):
    samples = make_wav(tmp_path / 'noise.wav', 48000)
    play = start('play_file.py', '-m', tmp_path / 'noise.wav')
    wait_for_port(server, 'play_file:out_1')
    # In the order in which its description has them.
    args = tmp_path / 'tape.wav', '-c', 'tape', 'play_file:out_1'
    record = start('record_file.py', *args)
    play.finish()
    record.interrupt().finish()
    heard, samplerate = soundfile.read(tmp_path / 'tape.wav', dtype='float32')
    assert samplerate == 48000
    # It records from the first cycle of the connection on.
    first = np.flatnonzero(heard)[0]
    assert first % BLOCKSIZE == 0
    end = first + len(samples)
    assert not_alike(heard[first:end], samples[:, 0]) == []
    assert not heard[end:].any()


@pytest.mark.needs('flags of ports without hardware')
def test_record_file_records_for_the_given_time(start, tmp_path):
    start('record_file.py', '-d', 0.1, tmp_path / 'tape.wav').finish()
    heard, _ = soundfile.read(tmp_path / 'tape.wav', always_2d=True)
    assert heard.shape == (4800, 2)


def test_record_file_reports_lost_samples(start, make_client, tmp_path):
    """Its disk is a pipe, and for a while nobody reads what comes out."""
    os.mkfifo(tmp_path / 'pipe.au')
    tape = Tape(make_client())
    record = start('record_file.py', tmp_path / 'pipe.au', 'system:capture_1')
    with open(tmp_path / 'pipe.au', 'rb') as pipe:
        capture = tape.client.get_port_by_name('system:capture_1')
        servers.wait_until(
            lambda: tape.client.get_all_connections(capture), PATIENCE
        )
        # What the ring buffer and the pipe can take, and some more.
        tape.wait_for_more((2**19 + 2**16) // 4 // 256 + 100)
        assert record.process.poll() is None
        while pipe.read(2**16):
            pass
    record.finish(1)
    assert 'samples were lost' in ''.join(record.err)


@pytest.mark.parametrize(
    ('file', 'port'),
    [('no-folder/tape.wav', 'system:capture_1'), ('tape.wav', 'no:port')],
)
def test_record_file_says_what_is_not_there(start, tmp_path, file, port):
    start('record_file.py', tmp_path / file, port).finish(1)


@pytest.mark.parametrize('delay', [100, 9000])
@pytest.mark.needs('connections that hold at once')
def test_latency_delays_and_tells_others(
    calm, start, make_client, server, lacks, delay
):
    noise = np.random.default_rng(1).uniform(-1, 1, 100).astype('float32')
    source = make_client()
    outport = source.outports.register('noise')
    sounds = itertools.cycle(np.outer(noise, np.resize(noise, BLOCKSIZE)))

    @source.set_process_callback
    def process(frames):
        # The first cycles on PipeWire may be shorter.
        outport.get_array()[:] = next(sounds)[:frames]

    source.activate()
    start('latency.py', '-d', delay, 'delay').hear('delay is running')
    tape = Tape(make_client(), channels=2)
    client = tape.client
    client.connect('system:capture_1', 'delay:input')
    client.connect(outport, 'delay:input')
    client.connect('delay:output', tape.ports[1])
    client.connect(outport, tape.ports[0])
    tape.wait_for_sound(0)
    tape.wait_for_more(5)
    sent, heard = tape.samples(0), tape.samples(1)
    first = np.flatnonzero(sent)[0]
    assert not_alike(heard[first + delay :], sent[first:-delay]) == []

    capture = client.get_port_by_name('system:capture_1')
    least = capture.get_latency_range(jack.CAPTURE_LATENCY).min
    servers.wait_until(
        lambda: (
            tape.ports[1].get_latency_range(jack.CAPTURE_LATENCY)
            == (delay, least + delay)
        ),
        PATIENCE,
    )
    if lacks('a blocksize that everybody knows'):
        return
    listing = server.run(['jack_lsp', '-l', 'delay:output']).stdout
    assert f'port capture latency = [ {delay} {least + delay} ]' in listing


# -- MIDI ---------------------------------------------------------------------


def test_midi_monitor_prints_what_jack_midiseq_sends(
    calm, start, tool, server
):
    monitor = start('midi_monitor.py', 'monitor')
    monitor.hear_on_stderr('listening on monitor:input')
    tool('jack_midiseq', 'seq', '12000', '0', '60', '1000', '4000', '63', '50')
    connect(server, 'seq:out', 'monitor:input')

    def next_event():
        time, data = monitor.hear(r'^(\d+): (0x[0-9a-f]+)$').groups()
        return int(time), data

    events = [next_event() for _ in range(8)]
    first = [data for _, data in events].index('0x903c40')
    origin = events[first][0]
    assert [(time - origin, data) for time, data in events][
        first : first + 4
    ] == [
        (0, '0x903c40'),
        (1000, '0x803c40'),
        (4000, '0x903f40'),
        (4050, '0x803f40'),
    ]


def test_midi_monitor_prints_frame_times_and_bytes(calm, start, make_client):
    monitor = start('midi_monitor.py')
    monitor.hear_on_stderr('listening on midi_monitor:input')
    source = MidiSource(make_client())
    source.port.connect('midi_monitor:input')
    servers.wait_until(lambda: source.port.number_of_connections, PATIENCE)
    sysex = bytes([0xF0, *range(100), 0xF7])
    time = source.send((0, b'\xfe'), (7, b'\xe0\x01\x02'), (255, sysex))
    for offset, data in (0, 'fe'), (7, 'e00102'), (255, sysex.hex()):
        monitor.hear(f'^{time + offset}: 0x{data}$')


@pytest.mark.needs('connections that hold at once')
def test_midi_chords_makes_a_chord_of_each_note(calm, start, make_client):
    start('midi_chords.py', 'chords').hear('chords is running')
    source, tape = MidiSource(make_client()), MidiTape(make_client())
    source.port.connect('chords:input')
    tape.port.connect('chords:output')
    servers.wait_until(
        lambda: (
            source.port.number_of_connections
            and tape.port.number_of_connections
        ),
        PATIENCE,
    )
    source.send(
        (5, b'\xf8'),
        (17, b'\x93\x3c\x40'),
        (17, b'\xb3\x07\x7f'),
        (200, b'\x83\x3c\x10'),
        (201, b'\x90\x7a\x01'),
    )
    events = tape.wait_for(10)
    origin = events[0][0] - 5
    assert [(time - origin, data.hex()) for time, data in events] == [
        (5, 'f8'),
        (17, '933c40'),
        (17, '934040'),
        (17, '934340'),
        (17, 'b3077f'),
        (200, '833c10'),
        (200, '834010'),
        (200, '834310'),
        (201, '907a01'),
        # The third is 126; there is no note 129.
        (201, '907e01'),
    ]


@pytest.mark.parametrize(
    'name', ['midi_sine.py', 'midi_sine_numpy.py', 'native_synth.py']
)
def test_midi_sine_plays_all_notes_at_once(calm, name, start, make_client):
    start(name, 'sine').hear('sine is running')
    source, tape = MidiSource(make_client()), Tape(make_client())
    source.port.connect('sine:input')
    tape.client.connect('sine:output', tape.ports[0])
    servers.wait_until(
        lambda: (
            source.port.number_of_connections
            and tape.ports[0].number_of_connections
        ),
        PATIENCE,
    )
    tape.wait_for_more()
    assert not tape.samples().any()

    # A note in the middle of the cycle starts in the middle of the cycle.
    source.send((100, b'\x90\x45\x7f'), (100, b'\x90\x4c\x40'))
    tape.wait_for_sound()
    assert np.flatnonzero(tape.samples())[0] % BLOCKSIZE in (100, 101)

    tape.wait_for_more()
    tape.blocks.clear()
    tape.wait_for_more(2)
    samples = tape.samples()[: 2 * BLOCKSIZE]
    spectrum = abs(np.fft.rfft(samples * np.hanning(len(samples)))) * 4
    spectrum /= len(samples)
    assert spectrum.max() == pytest.approx(0.2, rel=0.2)
    frequencies = np.fft.rfftfreq(len(samples), 1 / 48000)
    loud = frequencies[spectrum > 0.05]
    for wanted in (440, 440 * 2 ** (7 / 12)):
        loud = loud[abs(loud - wanted) > 8]
        assert spectrum[abs(frequencies - wanted) < 4].max() > 0.05
    assert not len(loud)

    # Two ways to end a note.
    source.send((0, b'\x80\x45\x00'), (0, b'\x90\x4c\x00'))
    servers.wait_until(lambda: not tape.blocks[-1].any(), PATIENCE)
    assert abs(np.diff(tape.samples())).max() < 0.05  # no click


def test_native_gain_swells_without_clicks(calm, start, make_client):
    start('native_gain.py', 'swell', '-p', '0.7').hear('swell is running')
    client = make_client()
    source = client.outports.register('source')
    tape = Tape(client)
    one = np.ones(BLOCKSIZE, dtype='f4')
    record = tape._process

    def process(frames):
        source.get_array()[:] = one
        record(frames)

    client.deactivate()
    client.set_process_callback(process)
    client.activate()
    source.connect('swell:input')
    client.connect('swell:output', tape.ports[0])
    tape.wait_for_sound()
    tape.blocks.clear()
    tape.wait_for_more(12)
    gains = tape.samples()
    assert 0 <= gains.min() < 0.3
    assert 0.7 < gains.max() <= 1
    # Each block goes straight from one gain to the next.
    assert abs(np.diff(gains)).max() < 1.5 / BLOCKSIZE


def test_midi_file_player_plays_on_time(calm, start, make_client, tmp_path):
    messages = [
        mido.Message('program_change', program=5, time=10),
        mido.Message('note_on', note=60, velocity=99, time=0),
        mido.Message('note_off', note=60, time=90),
        mido.Message('sysex', data=range(50), time=1),
        mido.Message('pitchwheel', pitch=-1, channel=3, time=33),
    ]
    make_midi_file(tmp_path / 'file.mid', messages)
    tape = MidiTape(make_client())
    player = start('midi_file_player.py', tmp_path / 'file.mid', '-c', 'file')
    player.hear('playing to what file:output feeds')
    tape.client.connect('file:output', tape.port)
    player.finish()
    events = tape.wait_for(len(messages))
    assert [data for _, data in events] == [
        bytes(message.bytes()) for message in messages
    ]
    origin = events[0][0] - 480
    assert [time - origin for time, _ in events] == [
        milliseconds * 48 for milliseconds in (10, 10, 100, 101, 134)
    ]
    assert origin % BLOCKSIZE == 0


def test_midi_file_player_connects_to_the_given_ports(
    start, make_client, files
):
    tape = MidiTape(make_client())
    # In the order in which its description has them.
    args = files / 'long.mid', '-c', 'player', tape.port.name
    start('midi_file_player.py', *args)
    tape.wait_for(1)
    assert tape.events[0][1] == b'\x90\x3c\x40'


def test_midi_file_player_leaves_no_note_behind(start, make_client, files):
    tape = MidiTape(make_client())
    player = start('midi_file_player.py', files / 'long.mid', tape.port.name)
    tape.wait_for(1)
    player.interrupt().finish(timeout=5)
    sound_off = [bytes([0xB0 + channel, 120, 0]) for channel in range(16)]
    assert [data for _, data in tape.wait_for(17)[1:]] == sound_off


@pytest.mark.parametrize('content', [None, b'', b'no music'])
def test_midi_file_player_says_that_it_cannot_read_the_file(
    start, tmp_path, content
):
    if content is not None:
        (tmp_path / 'file.mid').write_bytes(content)
    player = start('midi_file_player.py', tmp_path / 'file.mid').finish(1)
    assert ''.join(player.err).strip()


# -- Transport ----------------------------------------------------------------


@pytest.fixture
def transport(make_client):
    """A client; the transport stands still before and after the test."""
    client = make_client()
    client.activate()

    def rewind():
        client.transport_stop()
        client.transport_frame = 0
        servers.wait_until(
            lambda: (
                client.transport_state == jack.STOPPED
                and client.transport_frame == 0
            ),
            PATIENCE,
        )

    def goes_on():
        client.transport_frame = 0
        time = client.frame_time
        servers.wait_until(
            lambda: client.frame_time > time + 10 * client.blocksize
        )
        return client.transport_query()[1]['frame']

    # Earlier tests may have set a larger blocksize, see features.py.
    client.transport_start()
    servers.wait_until(goes_on, PATIENCE)
    rewind()
    yield client
    rewind()


def test_showtime_shows_the_transport(start, transport):
    showtime = start('showtime.py', '-n', 3, '-i', 0.01).finish()
    assert showtime.out == ['jack.STOPPED frame 0 (0.00 s)\n'] * 3
    transport.transport_frame = 96000
    transport.transport_start()
    showtime = start('showtime.py')
    frames = [
        int(showtime.hear(r'jack.ROLLING frame (\d+) ')[1]) for _ in range(3)
    ]
    # PipeWire begins with some cycles at the same frame.
    assert 96000 <= frames[0] <= frames[1] <= frames[2]
    servers.wait_until(
        lambda: int(showtime.hear(r'jack.ROLLING frame (\d+) ')[1]) > 96000,
        PATIENCE,
    )


def test_timebase_master_tells_bars_and_beats(start, transport):
    start('timebase_master.py', '-b', 90, '-m', '3/8').hear('is timebase')
    # One beat takes 32000 frames.
    transport.transport_frame = (3 * 3 + 2) * 32000 + 8000
    servers.wait_until(
        lambda: 'bar' in transport.transport_query()[1], PATIENCE
    )

    def position():
        _, position = transport.transport_query()
        return [position.get(key) for key in ('bar', 'beat', 'tick')]

    servers.wait_until(lambda: position() == [4, 3, 480], PATIENCE)
    _, rest = transport.transport_query()
    assert rest['bar_start_tick'] == 9 * 1920
    assert rest['beats_per_bar'] == 3
    assert rest['beat_type'] == 8
    assert rest['beats_per_minute'] == 90
    assert rest['ticks_per_beat'] == 1920
    # The same, as seen by a person.
    start('showtime.py').hear('bar 4 beat 3 tick  480, 3/8 at 90 BPM')


@pytest.mark.needs('conditional timebase masters')
def test_timebase_master_respects_another_one(start, transport):
    start('timebase_master.py').hear('is timebase master')
    second = start('timebase_master.py', '-c', 'second').finish(1)
    assert 'already' in ''.join(second.err)
    # Unconditionally, the last one wins.
    start('timebase_master.py', 'third').hear('third is timebase master')


def test_transporter_starts_stops_and_moves(start, transport):
    start('transporter.py', '2', 'play').finish()
    # JACK 1 begins with the one, and then does the other.
    servers.wait_until(
        lambda: (
            transport.transport_state == jack.ROLLING
            and transport.transport_frame >= 96000
        ),
        PATIENCE,
    )
    start('transporter.py', 'stop', '0.5').finish()
    servers.wait_until(lambda: transport.transport_frame == 24000, PATIENCE)
    assert transport.transport_state == jack.STOPPED
    start('transporter.py', '+0.25').finish()
    servers.wait_until(lambda: transport.transport_frame == 36000, PATIENCE)
    show = start('transporter.py', 'show').finish()
    assert show.out == ['jack.STOPPED 0.750 s\n']
    # Each command finds done what those before it have asked for.
    show = start('transporter.py', '2', 'show', '+1', 'show').finish()
    assert show.out == ['jack.STOPPED 2.000 s\n', 'jack.STOPPED 3.000 s\n']
    start('transporter.py', '--', '-5').finish()
    servers.wait_until(lambda: transport.transport_frame == 0, PATIENCE)


def test_transporter_refuses_what_it_does_not_know(start, transport):
    start('transporter.py', 'pause').finish(2)


def test_slow_sync_lets_the_transport_wait(start, transport):
    slow = start('slow_sync.py', '-d', 1)
    slow.hear('slow_sync is running')
    transport.transport_frame = 48000
    transport.transport_start()
    servers.wait_until(
        lambda: (
            transport.transport_state == jack.STARTING
            and transport.transport_frame == 48000
        ),
        PATIENCE,
    )
    slow.hear('getting ready for frame 48000')
    slow.hear('^ready for frame 48000')
    servers.wait_until(
        lambda: transport.transport_state == jack.ROLLING, PATIENCE
    )
    # JACK goes on asking for some cycles.
    transport.transport_stop()
    transport.transport_frame = 96000
    slow.hear('getting ready for frame 96000')
    assert ''.join(slow.out).count('ready for frame 48000') == 2, slow


# -- The graph ----------------------------------------------------------------


def test_chatty_client_tells_of_a_metronome(start, tool, server):
    chatty = start('chatty_client.py', 'chatty')
    chatty.hear('chatty is listening')
    metronome = tool('jack_metro', '-b', '120', '-n', 'metro')
    chatty.hear('^client registered metro$')
    chatty.hear(r"^port registered jack\.Port\('metro:120_bpm'\)$")
    wait_for_port(server, 'metro:120_bpm')
    ends = ['metro:120_bpm', 'system:playback_1']
    names = r"jack\.Port\('metro:120_bpm'\) to jack\.Port\('system:pl.*_1'\)"
    server.run(['jack_connect', *ends])
    chatty.hear(f'^port connected {names}$')
    chatty.hear('^graph order changed$')
    server.run(['jack_disconnect', *ends])
    chatty.hear(f'^port disconnected {names}$')
    metronome.terminate()
    metronome.wait(PATIENCE)
    chatty.hear(r"^port unregistered jack\.Port\('metro:120_bpm'\)$")
    chatty.hear('^client unregistered metro$')


@pytest.mark.needs('blocksizes of the server')
def test_chatty_client_tells_of_the_server(make_server, start):
    server = make_server()
    chatty = start('chatty_client.py', server=server)
    chatty.hear('chatty_client is listening')
    server.run(['jack_bufsize', '512'])
    chatty.hear('^block size 512$')
    server.run(['jack_freewheel', 'y'])
    chatty.hear('^freewheel True$')
    server.run(['jack_freewheel', 'n'])
    chatty.hear('^freewheel False$')
    server.run(['jack_property', '-s', '--client', 'chatty_client', 'k', 'v'])
    chatty.hear('^property created k of 0x[0-9a-f]+$')
    server.run(['jack_property', '-d', '--client', 'chatty_client', 'k'])
    chatty.hear('^property deleted k of 0x[0-9a-f]+$')
    server.stop()
    chatty.hear('^shutdown: JACK ')
    chatty.finish()


@pytest.mark.needs('notification of renamed ports')
def test_chatty_client_tells_of_new_names(start, make_client):
    chatty = start('chatty_client.py')
    chatty.hear('chatty_client is listening')
    client = make_client()
    port = client.inports.register('before')
    client.activate()
    port.shortname = 'after'
    name = re.escape(client.name)
    chatty.hear(f'^port renamed {name}:before to {name}:after$')


@pytest.mark.needs('aliases that others see')
def test_aliases_are_the_same_for_everyone(start, tool, server):
    tool('jack_metro', '-b', '120', '-n', 'metro')
    port = 'metro:120_bpm'
    wait_for_port(server, port)
    start('aliases.py', port, 'the:beat').finish()
    # It can be found by its alias then.
    start('aliases.py', 'the:beat', 'the:tick').finish()
    listing = server.run(['jack_lsp', '-A', port]).stdout
    assert listing.split() == [port, 'the:beat', 'the:tick']
    start('aliases.py', '--unset', port, 'the:tick').finish()
    listing = server.run(['jack_lsp', '-A', port]).stdout
    assert listing.split() == [port, 'the:beat']


@pytest.mark.needs('aliases that others see')
def test_aliases_lists_the_aliases_that_others_have_set(start, tool, server):
    tool('jack_metro', '-b', '120', '-n', 'metro')
    port = 'metro:120_bpm'
    wait_for_port(server, port)
    server.run(['jack_alias', port, 'the:tick'])
    listing = start('aliases.py').finish().out
    place = listing.index(f'{port}\n')
    assert listing[place + 1] == '    the:tick\n'
    assert 'system:playback_2\n' in listing


@pytest.mark.parametrize(
    ('args', 'code'),
    [(['no:port', 'x:y'], 1), (['system:capture_1'], 2)],
)
def test_aliases_says_what_is_wrong(start, args, code):
    example = start('aliases.py', *args).finish(code)
    assert args[0] in ''.join(example.err) or code == 2


def test_metadata_is_seen_by_others_and_goes_with_it(start, server):
    example = start('metadata.py', 'meta')
    for _ in range(3):
        example.hear(r'^0x[0-9a-f]+ http\S+ created: \(b')
    command = ['jack_property', '-l', '--client', 'meta']
    assert 'Metadata!' in server.run(command).stdout
    command = ['jack_property', '-l', '--port', 'meta:input']
    listing = server.run(command).stdout
    assert 'Any sound' in listing
    assert 'xsd:integer' in listing
    example.interrupt().finish()
    listing = server.run(['jack_property', '-l']).stdout
    assert 'Any sound' not in listing


@pytest.mark.needs('properties that can be deleted')
def test_metadata_tells_of_changes(start, server):
    server.run(['jack_property', '-s', '--client', 'system', 'early', 'bird'])
    example = start('metadata.py')
    example.hear(r"^0x[0-9a-f]+ early: b'bird'")
    server.run(['jack_property', '-s', '--client', 'system', 'early', 'tea'])
    example.hear(r"^0x[0-9a-f]+ early changed: \(b'tea', ''\)$")
    server.run(['jack_property', '-d', '--client', 'system', 'early'])
    example.hear('^0x[0-9a-f]+ early deleted: None$')


@pytest.mark.needs('internal clients')
def test_net_master_opens_the_server_to_the_network(start, make_client):
    net_port = servers.free_udp_port()
    example = start('net_master.py', '127.0.0.1', '-p', net_port)
    example.hear('^netmanager joins')
    example.hear('waiting for machines')
    client = make_client()
    assert client.get_internal_client('netmanager').name == 'netmanager'
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken,
        pytest.raises(OSError, match='in use'),
    ):
        taken.bind(('127.0.0.1', net_port))
    example.interrupt().finish()
    with pytest.raises(jack.JackError):
        client.get_internal_client('netmanager')
