"""JACK's own programs, which are in C, as witnesses in both directions.

They hear what this module plays, send and play what it hears, and tell of
what it does.  Others of them (``jack_lsp``, ``jack_connect``, ``jack_metro``,
``jack_midiseq``, ``jack_transport``, ``jack_property`` ...) are witnesses in
the files of their subjects.
"""

import math
import types

import numpy as np
import pytest
import servers
import soundfile
from peers import Cycle, Program

import jack

# Frame numbers up to here are sample values that float32 tells apart.
FRAMES = 2**23


def sound_of(frames):
    """The samples that `player` plays at these frame times."""
    return ((frames % FRAMES) / FRAMES).astype('f4')


@pytest.fixture
def player(calm, make_client):
    """A client whose every sample tells when it was played."""
    client = make_client('player')
    port = client.outports.register('out')

    @client.set_process_callback
    def process(frames):
        times = client.last_frame_time + np.arange(frames)
        port.get_array()[:] = sound_of(times)

    client.activate()
    return port


@pytest.fixture
def tape(calm, make_client):
    """Keeps what arrives at two inputs: (first frame time, samples) each."""
    client = make_client('tape')
    tape = types.SimpleNamespace(
        ports=[client.inports.register(f'in_{n}') for n in (1, 2)],
        blocks=[],
    )

    @client.set_process_callback
    def process(frames):
        tape.blocks.append(
            (
                client.last_frame_time,
                np.array([port.get_array() for port in tape.ports]),
            )
        )

    client.activate()
    return tape


@pytest.fixture
def tape_until(tape, wait_until):
    """Return a function that waits for a block on the tape.

    It takes a function of the block's frame times and samples.
    """

    def find(is_it):
        while tape.blocks:
            start, samples = tape.blocks.pop(0)
            times = start + np.arange(samples.shape[1])
            if is_it(times, samples):
                return True
        return False

    return lambda is_it: wait_until(lambda: find(is_it), 20)


@pytest.fixture
def connect(client, wait_until):
    """Return a function that connects as soon as both ports take it.

    The ports of a program exist a moment before it is active.  Who asks for
    connections gets the answer when they hold in the cycles.
    """

    def connects(source, destination):
        try:
            client.connect(source, destination)
        except jack.JackError:
            return False
        return client.get_all_connections(source)

    return lambda *ends: wait_until(lambda: connects(*ends), 10)


# -- Audio --------------------------------------------------------------------


def test_jack_rec_records_each_sample_that_is_played(
    calm, server, client, tmp_path
):
    """A counter of frames, which goes up in one channel and down in another.

    With 16 bits a sample is one of 65535, which all stand for themselves.
    """
    channels = (client.outports.register('up'), client.outports.register('dn'))
    position = 0

    @client.set_process_callback
    def process(frames):
        nonlocal position
        counter = np.arange(position, position + frames) % 65535 - 32767
        for port, sign in zip(channels, (1, -1)):
            port.get_array()[:] = sign * counter / 32767
        position += frames

    client.activate()
    path = tmp_path / 'played.wav'
    # For the case that the disk is slow, it can keep all of it in memory.
    options = ('-f', path, '-d', '1', '-b', '16', '-B', str(2 * 48000))
    names = [port.name for port in channels]
    server.run(['jack_rec', *options, *names])
    recorded, samplerate = soundfile.read(path, dtype='int16')
    assert samplerate == client.samplerate
    assert recorded.shape == (samplerate, 2)
    up, down = recorded.T.astype(int)
    # It begins before the connections hold.
    first = np.flatnonzero(up)[0]
    expected = np.arange(samplerate - first) + up[first] + 32767
    assert first < samplerate / 2
    assert np.array_equal(up[first:], expected % 65535 - 32767)
    first = np.flatnonzero(down)[0]
    assert np.array_equal(down[first:], -up[first:])


@pytest.mark.needs('flags of ports without hardware')
def test_jack_simple_client_is_heard_with_its_samples(
    server, tape, tape_until, connect
):
    """It plays a table of 200 samples, one by one and each third."""
    sine = np.array([math.sin(n / 200 * math.pi * 2) for n in range(200)])
    table = (0.2 * sine.astype('f4').astype('f8')).astype('f4')
    with Program(server, 'jack_simple_client'):
        for port, name in zip(tape.ports, ('output1', 'output2')):
            connect(f'jack_simple_client:{name}', port)

        def is_it(times, samples):
            steps = np.arange(samples.shape[1])
            return any(
                np.array_equal(samples[0], table[(start + steps) % 200])
                and np.array_equal(
                    samples[1], table[3 * (start + steps) % 200]
                )
                for start in range(200)
            )

        tape_until(is_it)


@pytest.mark.needs('flags of ports without hardware')
def test_what_goes_through_jack_thru_comes_back_in_the_same_cycle(
    server, player, tape, tape_until, connect
):
    with Program(server, 'jack_thru', 'through'):
        for port, number in zip(tape.ports, '12'):
            connect(player, f'through:input_{number}')
            connect(f'through:output_{number}', port)
        tape_until(
            lambda times, samples: all(
                np.array_equal(channel, sound_of(times)) for channel in samples
            )
        )


@pytest.mark.needs('connections that hold at once')
@pytest.mark.needs('flags of ports without hardware')
def test_the_delay_of_jack_latent_client_is_heard_and_its_latency_seen(
    server, client, player, tape, tape_until, connect, wait_until
):
    """It connects itself to the sound card as well, which widens the range."""
    latency = 700
    sound = tape.ports[0]
    with Program(server, 'jack_latent_client', str(latency)):
        connect(player, 'latent:input')
        connect('latent:output', sound)
        for port, mode, name in (
            (sound, jack.CAPTURE_LATENCY, 'system:capture_1'),
            (player, jack.PLAYBACK_LATENCY, 'system:playback_1'),
        ):
            card = client.get_port_by_name(name).get_latency_range(mode)
            expected = (latency, latency + card[1])
            wait_until(
                lambda port=port, mode=mode, expected=expected: (
                    port.get_latency_range(mode) == expected
                )
            )
        tape_until(
            lambda times, samples: np.array_equal(
                samples[0], sound_of(times - latency)
            )
        )


def test_jack_iodelay_measures_the_delay_that_we_make(
    calm, server, client, connect
):
    """There and back through JACK takes a cycle, with nobody's delay."""
    delay = 1000
    source = client.inports.register('in')
    sink = client.outports.register('out')
    kept = np.zeros(delay, 'f4')

    @client.set_process_callback
    def process(frames):
        nonlocal kept
        sound = np.concatenate([kept, source.get_array()])
        sink.get_array()[:] = sound[:frames]
        kept = sound[frames:]

    client.activate()
    cycle = servers.LONGEST_BLOCK
    with Program(server, 'jack_iodelay') as program:
        connect('jack_delay:out', source)
        connect(sink, 'jack_delay:in')
        program.match(rf' *{cycle + delay}\.000 frames .*', 30)


# -- MIDI ---------------------------------------------------------------------

EVENTS = [
    (0, b'\x90\x40\x50'),
    (17, b'\xf0' + bytes(range(100)) + b'\xf7'),
    (17, b'\xfe'),
    (200, b'\xc3\x05'),
    (8191, b'\xe1\x00\x40'),
]


@pytest.fixture
def sender(calm, client):
    """Sends (offset, bytes) pairs in one cycle; returns its frame time."""
    port = client.midi_outports.register('out')
    cycle = Cycle(client, lambda _: port.clear_buffer())

    def send(*events):
        def write():
            for offset, data in events:
                port.write_midi_event(offset, data)
            return client.last_frame_time

        return cycle.run(write)

    client.activate()
    return types.SimpleNamespace(port=port, send=send)


def dumped(program, count=1):
    """(time, bytes) of so many events that jack_midi_dump prints."""
    lines = [
        program.match(r' *\+?(\d+): ((?: ?[0-9a-f]{2}\b)+).*')
        for _ in range(count)
    ]
    return [(int(line[1]), bytes.fromhex(line[2])) for line in lines]


@pytest.fixture
def midi_dump(server, sender, connect):
    """Return a function that starts jack_midi_dump; it hears the sender."""

    def start(*options):
        program = Program(server, 'jack_midi_dump', *options, 'dump')
        connect(sender.port, 'dump:input')
        return program

    return start


@pytest.mark.needs('connections that hold at once')
@pytest.mark.needs('long events in one piece')
def test_jack_midi_dump_prints_the_events_and_their_offsets(sender, midi_dump):
    with midi_dump() as program:
        sender.send(*EVENTS)
        assert dumped(program, len(EVENTS)) == EVENTS


@pytest.mark.needs('connections that hold at once')
def test_jack_midi_dump_agrees_about_the_frames_between_events(
    sender, midi_dump
):
    """It counts the frames since it began."""
    with midi_dump('-a') as program:
        sent = []
        heard = []
        for offset in (8000, 0, 100):
            sent.append(sender.send((offset, b'\xfe')) + offset)
            heard += [time for time, _ in dumped(program)]
    assert np.array_equal(np.diff(heard), np.diff(sent))


@pytest.mark.needs('connections that hold at once')
@pytest.mark.needs('long events in one piece')
def test_jack_midi_latency_test_gets_its_messages_back_after_one_cycle(
    calm, server, client
):
    """It compares each with what it has sent."""
    source = client.midi_inports.register('in')
    sink = client.midi_outports.register('out')

    @client.set_process_callback
    def process(frames):
        sink.clear_buffer()
        for offset, data in source.incoming_midi_events():
            sink.write_midi_event(offset, data)

    client.activate()
    options = ('-s', '8', '-m', '100')
    ends = (source.name, sink.name)
    lines = server.run(
        ['jack_midi_latency_test', *options, *ends]
    ).stdout.splitlines()
    assert 'Messages sent: 8' in lines
    assert 'Messages received: 8' in lines
    (lowest,) = [line for line in lines if line.startswith('Lowest latency')]
    assert f'({client.blocksize} frames)' in lowest


@pytest.mark.needs('connections that hold at once')
def test_jack_midisine_sounds_from_our_note_on_to_our_note_off(
    calm, server, sender, tape, tape_until, connect
):
    """Its tone is an octave above the note, and as loud as the velocity."""
    start, end, velocity = 100, 6000, 64
    with Program(server, 'jack_midisine'):
        connect(sender.port, 'midisine:midi_in')
        connect('midisine:audio_out', tape.ports[0])
        cycle = sender.send(
            (start, bytes([0x90, 69, velocity])),
            (end, bytes([0x80, 69, 0])),
        )
        found = []

        def is_it(times, samples):
            found[:] = [samples[0]]
            return times[0] == cycle

        tape_until(is_it)
    (samples,) = found
    sounding = np.flatnonzero(samples)
    assert (sounding[0], sounding[-1]) == (start, end - 1)
    assert len(sounding) == end - start
    angles = 2 * np.pi * 880 / 48000 * np.arange(end - start)
    waves = np.array([np.sin(angles), np.cos(angles)]).T
    tone = samples[start:end]
    amplitudes, *_ = np.linalg.lstsq(waves, tone, rcond=None)
    assert np.hypot(*amplitudes) == pytest.approx(velocity / 127, abs=1e-3)
    assert abs(tone - waves @ amplitudes).max() < 1e-3


# -- The graph and the server -------------------------------------------------


@pytest.mark.needs('notification of renamed ports')
def test_jack_evmon_prints_what_we_change(server, make_client):
    with Program(server, 'jack_evmon') as evmon:
        # It is told of its own activation.
        evmon.match('Graph reordered')
        client = make_client('actor')
        evmon.match('Client actor registered')
        client.activate()
        source = client.outports.register('source')
        out = evmon.match(r'Port (\d+) registered')[1]
        sink = client.midi_inports.register('other')
        other = evmon.match(r'Port (\d+) registered')[1]
        sink.unregister()
        evmon.match(f'Port {other} unregistered')
        sink = client.inports.register('sink')
        inp = evmon.match(r'Port (\d+) registered')[1]
        source.connect(sink)
        evmon.match(f'Ports {out} and {inp} connected')
        evmon.match('Graph reordered')
        source.disconnect(sink)
        evmon.match(f'Ports {out} and {inp} disconnected')
        source.shortname = 'spring'
        evmon.match(f'Port {out} renamed from actor:source to actor:spring')
        client.close()
        evmon.match('Client actor unregistered')
        evmon.match('Graph reordered')


@pytest.mark.needs('monitoring that others see')
def test_jack_monitor_client_turns_our_monitoring_on(
    server, client, wait_until
):
    port = client.inports.register('in')
    with Program(server, 'jack_monitor_client', port.name):
        wait_until(lambda: port.is_monitoring)


def test_jack_samplerate_and_jack_bufsize_say_what_we_do(server, client):
    for program, expected in (
        ('jack_samplerate', client.samplerate),
        ('jack_bufsize', client.blocksize),
    ):
        assert server.run([program]).stdout.split() == [str(expected)]


@pytest.mark.needs('a blocksize that everybody knows')
def test_the_blocksize_is_the_same_here_and_in_jack_bufsize(
    server, client, events
):
    before = client.blocksize
    client.set_blocksize_callback(events.put)
    client.activate()
    client.blocksize = 2 * before
    events.wait_for(lambda size: size == 2 * before)
    assert server.run(['jack_bufsize']).stdout.split() == [str(2 * before)]
    server.run(['jack_bufsize', str(before)])
    events.wait_for(lambda size: size == before)
    assert client.blocksize == before


@pytest.mark.needs('freewheel mode after its client')
def test_jack_freewheel_is_heard_by_our_callback(server, client, events):
    client.set_freewheel_callback(events.put)
    client.activate()
    server.run(['jack_freewheel', 'y'])
    assert events.next() is True
    server.run(['jack_freewheel', 'n'])
    assert events.next() is False


def test_cpu_load_is_that_of_jack_cpu_load(server, client, wait_until):
    """The server computes it about once in a second, for all to read."""
    ours = set()
    client.set_process_callback(
        lambda frames: ours.add(f'{client.cpu_load():f}')
    )
    client.activate()
    with Program(server, 'jack_cpu_load') as program:
        # On PipeWire each cycle has its own, and not all of them are run here.
        chances = 15 if server.kind.startswith('pipewire') else 3
        theirs = []

        def are_found():
            return sum(load in ours for load in theirs) >= 3

        while len(theirs) < chances and not are_found():
            theirs.append(program.match(r'jack DSP load (.*)')[1])
        wait_until(are_found)


def test_jack_wait_agrees_about_the_server(make_server, run_python):
    """Its -q, and -w for a server that starts meanwhile, are left to chance.

    They open a client each second, and give up on a server which is half
    there.
    """
    server = make_server()

    def ours():
        return run_python(
            """
            import jack
            try:
                jack.Client('early', no_start_server=True).close()
            except jack.JackOpenError as e:
                print('not running' if e.status.server_failed else e)
            else:
                print('running')
            """,
            server=server,
        ).stdout

    def theirs(option):
        return server.run(['jack_wait', option, '-t', '10']).stdout

    for _ in range(2):
        assert theirs('-w') == 'server is available\n'
        assert ours() == theirs('-c') == 'running\n'
        server.stop()
        assert ours() == theirs('-c') == 'not running\n'
        assert theirs('-q') == 'server is gone\n'
        server.start()


# -- Sessions -----------------------------------------------------------------


@pytest.mark.needs('sessions')
def test_jack_session_notify_prints_our_command_line(
    server, make_client, tmp_path, events
):
    client = make_client('saver')

    @client.set_session_callback
    def session(event):
        event.command_line = f'restart --uuid {event.client_uuid}'
        client.session_reply(event)
        events.put(event.type, event.session_dir)

    client.activate()
    script = server.run(['jack_session_notify', 'save', f'{tmp_path}/']).stdout
    assert events.next() == (1, f'{tmp_path}/saver/')
    lines = script.splitlines()
    assert f'export SESSION_DIR="{tmp_path}/saver/"' in lines
    assert f'restart --uuid {client.uuid} &' in lines
