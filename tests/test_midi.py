"""MIDI: bytes and frame offsets, through a real server."""

import itertools
import struct
import sys

import pytest
from peers import Cycle, Peer

import jack

NOTE_ON = b'\x90\x3c\x40'
NOTE_OFF = b'\x80\x3c\x00'
PROBE = b'\xfe'


class Sender:
    """Writes MIDI events, as told from the test's thread.

    What was written in one cycle stands in the port's buffer, and goes out
    again in each cycle, until the next time that something is written.  So
    a receiver which misses cycles on a busy machine misses nothing.
    """

    def __init__(self, client):
        self.client = client
        self.port = client.midi_outports.register('out')
        self.cycle = Cycle(client)

    def run(self, job):
        """Run ``job(port)`` in a cycle; returns or raises what it does."""

        def cleared():
            self.port.clear_buffer()
            return job(self.port)

        return self.cycle.run(cleared)

    def send(self, *events):
        """Write (time, event) pairs in one cycle."""

        def job(port):
            for when, event in events:
                port.write_midi_event(when, event)

        self.run(job)


class Receiver:
    """Reads the MIDI events of one cycle when the test asks for them."""

    def __init__(self, client):
        self.client = client
        self.port = client.midi_inports.register('in')
        self.cycle = Cycle(client)

    def read(self):
        """The events of a cycle as (time, bytes) pairs."""
        return self.run(plain)

    def run(self, job):
        """Run ``job(port)`` in a cycle; returns or raises what it does."""
        return self.cycle.run(lambda: job(self.port))


def plain(port):
    return [
        (when, bytes(event)) for when, event in port.incoming_midi_events()
    ]


def connect(source, target, wait_until):
    """Connect a sender's port, and wait until the connection is heard."""
    source.send((0, PROBE))
    source.port.connect(target.port)
    wait_until(
        lambda: (0, PROBE) in target.read(), message='the probe is heard'
    )
    source.send()


@pytest.fixture
def link(make_client, wait_until):
    """A sender and a receiver, active and connected."""
    sender = Sender(make_client('midi-sender'))
    receiver = Receiver(make_client('midi-receiver'))
    with sender.client, receiver.client:
        connect(sender, receiver, wait_until)
        yield sender, receiver


@pytest.fixture
def sender(make_client):
    """An active sender which nothing is connected to."""
    sender = Sender(make_client('midi-sender'))
    with sender.client:
        yield sender


# -- Through the server -------------------------------------------------------


@pytest.mark.parametrize('offset', [0, 1, 100, -1], ids=str)
def test_an_event_arrives_with_its_bytes_and_its_offset(link, offset):
    sender, receiver = link
    offset %= sender.client.blocksize
    sender.send((offset, NOTE_ON))
    assert receiver.read() == [(offset, NOTE_ON)]


@pytest.mark.parametrize(
    'event',
    [
        b'\xf8',
        b'\xc5\x07',
        NOTE_ON,
        pytest.param(
            b'\x90\x3c\x00', marks=pytest.mark.needs('MIDI events as they are')
        ),
        b'\xe0\x7f\x7f',
        b'\xf0\x7e\x7f\x06\x01\xf7',
        b'\xf0' + bytes(n % 128 for n in range(1000)) + b'\xf7',
    ],
    ids=['clock', 'program', 'note', 'velocity-0', 'bend', 'sysex', 'long'],
)
def test_events_of_any_length_arrive_whole(link, event):
    sender, receiver = link
    sender.send((7, event))
    assert receiver.read() == [(7, event)]


def test_many_events_of_a_block_arrive_in_order(link):
    sender, receiver = link
    sent = [
        (offset, bytes([0x90 + offset % 16, offset % 128, 1 + offset % 127]))
        for offset in range(0, sender.client.blocksize, 2)
    ]
    sender.send(*sent)
    assert receiver.read() == sent


def test_events_at_the_same_offset_keep_their_order(link):
    sender, receiver = link
    sent = [(9, b'\xb0\x00\x01'), (9, b'\xc0\x05'), (9, NOTE_ON)]
    sender.send(*sent)
    assert receiver.read() == sent


def test_two_senders_are_merged_by_their_offsets(
    make_client, link, wait_until
):
    sender, receiver = link
    other = Sender(make_client('other-sender'))
    with other.client:
        connect(other, receiver, wait_until)
        sender.send((3, NOTE_ON), (5, NOTE_ON))
        other.send((4, NOTE_OFF), (6, NOTE_OFF))
        assert receiver.read() == [
            (3, NOTE_ON),
            (4, NOTE_OFF),
            (5, NOTE_ON),
            (6, NOTE_OFF),
        ]


def test_a_stream_of_events_arrives_in_order(
    make_client, wait_until
):
    source, target = make_client('source'), make_client('target')
    output = source.midi_outports.register('out')
    input_ = target.midi_inports.register('in')
    numbers = []
    sent = itertools.count()

    @source.set_process_callback
    def send(frames):
        output.clear_buffer()
        number = next(sent)
        output.write_midi_event(
            number % frames, [0xF0, number >> 7 & 127, number & 127, 0xF7]
        )

    @target.set_process_callback
    def receive(frames):
        for when, event in input_.incoming_midi_events():
            _, high, low, _ = bytes(event)
            number = high << 7 | low
            numbers.append((number, when == number % frames))

    with source, target:
        output.connect(input_)
        wait_until(lambda: len(numbers) > 100)
    assert all(in_place for _, in_place in numbers)
    steps = [b - a for (a, _), (b, _) in zip(numbers, numbers[1:])]
    # On a busy machine, one of the two may miss a cycle now and then.  If that
    # is the source, JACK shows its last events again.
    assert min(steps) >= 0
    assert steps.count(1) > len(steps) // 2


# -- What can be written ------------------------------------------------------


def numpy_bytes():
    return pytest.importorskip('numpy').frombuffer(NOTE_ON, dtype='uint8')


def cffi_buffer():
    owner = jack._ffi.new('unsigned char[]', NOTE_ON)
    return jack._ffi.buffer(owner, 3)


@pytest.mark.parametrize(
    'make',
    [
        lambda: NOTE_ON,
        lambda: bytearray(NOTE_ON),
        lambda: memoryview(NOTE_ON),
        lambda: list(NOTE_ON),
        lambda: tuple(NOTE_ON),
        numpy_bytes,
        cffi_buffer,
    ],
    ids=['bytes', 'bytearray', 'memoryview', 'list', 'tuple', 'numpy', 'cffi'],
)
def test_events_can_be_written_from(link, make):
    sender, receiver = link
    sender.send((11, make()))
    assert receiver.read() == [(11, NOTE_ON)]


@pytest.mark.parametrize(
    'dtype', ['int8', 'uint8', 'int16', 'uint32', 'int64', 'uint64', 'intp']
)
def test_times_can_be_numpy_integers(link, dtype):
    numpy = pytest.importorskip('numpy')
    sender, receiver = link
    sender.send((numpy.dtype(dtype).type(12), NOTE_ON))
    assert receiver.read() == [(12, NOTE_ON)]


def test_a_received_event_can_be_written_in_the_same_cycle(
    make_client, link, wait_until
):
    sender, receiver = link
    thru = make_client('midi-thru')
    source = thru.midi_inports.register('in')
    sink = thru.midi_outports.register('out')
    cycle = Cycle(thru)

    def pass_on():
        sink.clear_buffer()
        count = 0
        for when, event in source.incoming_midi_events():
            sink.write_midi_event(when, event)
            count += 1
        return count

    with thru:
        sender.port.disconnect(receiver.port)
        sender.port.connect(source)
        sink.connect(receiver.port)
        sender.send((3, NOTE_ON), (200, NOTE_OFF))
        wait_until(lambda: cycle.run(pass_on) == 2)
        wait_until(receiver.read)
        assert receiver.read() == [(3, NOTE_ON), (200, NOTE_OFF)]


@pytest.mark.parametrize('event', ['text', None, 5, 1.5, ...], ids=repr)
def test_writing_what_has_no_bytes_is_a_type_error(sender, event):
    with pytest.raises(TypeError):
        sender.send((0, event))


@pytest.mark.parametrize('event', [[0x190, 1, 1], [-1], (0, 256)], ids=repr)
def test_writing_ints_that_are_no_bytes_is_a_value_error(sender, event):
    with pytest.raises(ValueError):
        sender.send((0, event))


@pytest.mark.parametrize('when', [None, '1', 1.0, b'1'], ids=repr)
def test_a_time_that_is_no_integer_is_a_type_error(sender, when):
    with pytest.raises(TypeError):
        sender.send((when, NOTE_ON))
    with pytest.raises(TypeError):
        sender.run(lambda port: port.reserve_midi_event(when, 3))


def test_an_empty_event_is_refused(sender):
    with pytest.raises((jack.JackError, ValueError)):
        sender.send((0, b''))


def test_times_out_of_order_are_a_jack_error(link):
    sender, receiver = link

    def job(port):
        port.write_midi_event(10, NOTE_ON)
        with pytest.raises(jack.JackError, match='time 9 '):
            port.write_midi_event(9, NOTE_OFF)
        port.write_midi_event(10, NOTE_OFF)

    sender.run(job)
    assert receiver.read() == [(10, NOTE_ON), (10, NOTE_OFF)]


@pytest.mark.parametrize(
    'send',
    [
        lambda port: port.write_midi_event(9, NOTE_OFF),
        lambda port: port.reserve_midi_event(9, 3),
    ],
    ids=['write', 'reserve'],
)
def test_what_the_last_cycle_left_is_named_when_it_is_in_the_way(link, send):
    sender, _ = link

    def later(port):
        with pytest.raises(jack.JackError, match=r'time 9 .*\(10\).*clear'):
            send(port)
        port.write_midi_event(10, NOTE_OFF)

    sender.run(lambda port: port.write_midi_event(10, NOTE_ON))
    sender.cycle.run(lambda: later(sender.port))


@pytest.mark.parametrize('beyond', [0, 1, 10_000], ids=str)
def test_times_beyond_the_block_are_a_jack_error(sender, beyond):
    when = sender.client.blocksize + beyond
    with pytest.raises(jack.JackError, match=f'time {when} '):
        sender.send((when, NOTE_ON))


@pytest.mark.parametrize('when', [-1, -(2**31), 2**32, 2**64], ids=str)
def test_times_that_no_block_has_are_refused(sender, when):
    with pytest.raises((jack.JackError, ValueError)):
        sender.send((when, NOTE_ON))


# -- Reserving and room -------------------------------------------------------


def test_a_reserved_buffer_becomes_an_event(link):
    sender, receiver = link

    def job(port):
        buffer = port.reserve_midi_event(21, 3)
        buffer[0] = b'\x91'
        buffer[1:3] = b'\x30\x31'
        return len(buffer)

    assert sender.run(job) == 3
    assert receiver.read() == [(21, b'\x91\x30\x31')]


def test_reserving_and_writing_can_be_mixed(link):
    sender, receiver = link

    def job(port):
        port.write_midi_event(1, NOTE_ON)
        port.reserve_midi_event(2, 3)[:] = NOTE_OFF
        port.write_midi_event(3, NOTE_ON)

    sender.run(job)
    assert receiver.read() == [(1, NOTE_ON), (2, NOTE_OFF), (3, NOTE_ON)]


def test_reserving_gives_an_empty_buffer_when_there_is_no_room(link):
    sender, receiver = link

    def job(port):
        # JACK 2 takes a size near 4 GB for a small one.
        for size in port.max_event_size + 1, 2**31, 2**32 - 1:
            buffer = port.reserve_midi_event(0, size)
            assert bytes(buffer) == b''
        port.write_midi_event(0, NOTE_ON)
        return len(buffer)

    assert sender.run(job) == 0
    assert receiver.read() == [(0, NOTE_ON)]


@pytest.mark.skipif(
    sys.implementation.name != 'cpython',
    reason='only CPython can make so many zeros without using memory',
)
def test_an_event_of_4_gigabytes_is_refused(sender):
    event = bytes(2**32 - 1)
    with pytest.raises(jack.JackError, match='4294967295 bytes'):
        sender.run(lambda port: port.write_midi_event(0, event))


@pytest.mark.parametrize('size', [-1, 2**64], ids=str)
def test_reserving_an_impossible_size_is_refused(sender, size):
    with pytest.raises((jack.JackError, ValueError)):
        sender.run(lambda port: port.reserve_midi_event(0, size))


def test_max_event_size_shrinks_with_each_event(sender):
    def job(port):
        sizes = [port.max_event_size]
        for when in range(3):
            port.write_midi_event(when, b'\xf0' + bytes(98) + b'\xf7')
            sizes.append(port.max_event_size)
        port.clear_buffer()
        return [*sizes, port.max_event_size]

    sizes = sender.run(job)
    assert all(type(size) is int for size in sizes)
    assert sizes[0] > 1000
    for before, after in zip(sizes[:3], sizes[1:4]):
        assert before - after >= 100
    assert sizes[4] == sizes[0]


def test_an_event_of_the_largest_size_arrives(link):
    sender, receiver = link
    size = sender.run(lambda port: port.max_event_size)
    event = b'\xf0' + b'\x55' * (size - 2) + b'\xf7'
    sender.send((0, event))
    assert receiver.read() == [(0, event)]


def test_an_event_that_is_too_large_is_a_jack_error(sender):
    def job(port):
        port.write_midi_event(0, bytes(port.max_event_size + 1))

    with pytest.raises(jack.JackError):
        sender.run(job)


def test_a_full_port_refuses_events_and_loses_none_of_the_others(link):
    sender, receiver = link

    # Large ones: thousands of small events would make the cycle too long.
    event = b'\xf0' + bytes(98) + b'\xf7'

    def job(port):
        for count in range(1000):
            try:
                port.write_midi_event(0, event)
            except jack.JackError as error:
                return count, str(error)
        raise AssertionError('the port never got full')

    count, message = sender.run(job)
    assert 'room' in message
    assert count > 10
    assert [data for _, data in receiver.read()] == [event] * count


def test_clear_buffer_drops_what_was_written(link):
    sender, receiver = link

    def job(port):
        port.write_midi_event(5, NOTE_ON)
        port.clear_buffer()
        port.write_midi_event(4, NOTE_OFF)

    sender.run(job)
    assert receiver.read() == [(4, NOTE_OFF)]


def test_no_event_is_lost_in_ordinary_traffic(link):
    sender, receiver = link
    sender.send((0, NOTE_ON))
    assert receiver.run(lambda port: port.lost_midi_events) == 0


@pytest.mark.needs('counts of lost events')
def test_events_lost_when_ports_are_merged_are_counted(
    make_client, link, wait_until
):
    sender, receiver = link
    size = sender.run(lambda port: port.max_event_size) * 2 // 3
    event = b'\xf0' + bytes(size - 2) + b'\xf7'
    other = Sender(make_client('other-sender'))
    with other.client:
        connect(other, receiver, wait_until)
        sender.send((0, event))
        other.send((0, event))
        lost = receiver.run(lambda port: port.lost_midi_events)
        assert type(lost) is int
        # Of two events one got through; JACK 2 counts the other one twice.
        assert lost in (1, 2)
        assert receiver.read() == [(0, event)]


# -- What comes in ------------------------------------------------------------


def test_an_incoming_event_is_an_int_and_a_buffer(link):
    sender, receiver = link

    def look(port):
        ((when, event),) = port.incoming_midi_events()
        return {
            'type': type(when),
            'first': event[0],
            'last': event[-1],
            'len': len(event),
            'bytes': bytes(event),
            'unpack': struct.unpack('3B', event),
            'slice': bytes(event[1:]),
            'view': memoryview(event).tolist(),
            'bytearray': bytearray(event),
            'buffer': isinstance(event, jack._ffi.buffer),
        }

    sender.send((5, NOTE_ON))
    assert receiver.run(look) == {
        'type': int,
        'first': b'\x90',
        'last': b'\x40',
        'len': 3,
        'bytes': NOTE_ON,
        'unpack': (0x90, 0x3C, 0x40),
        'slice': b'\x3c\x40',
        'view': [0x90, 0x3C, 0x40],
        'bytearray': bytearray(NOTE_ON),
        'buffer': True,
    }


def test_incoming_events_come_from_a_generator(link):
    sender, receiver = link

    def look(port):
        generator = port.incoming_midi_events()
        assert iter(generator) is generator
        when, event = next(generator)
        first = when, bytes(event)
        when, event = next(generator)
        second = when, bytes(event)
        with pytest.raises(StopIteration):
            next(generator)
        return [first, second]

    sender.send((1, NOTE_ON), (2, NOTE_OFF))
    assert receiver.run(look) == [(1, NOTE_ON), (2, NOTE_OFF)]


def test_the_events_of_a_block_can_be_read_twice(link):
    sender, receiver = link
    sender.send((1, NOTE_ON))
    block = receiver.run(lambda port: plain(port) + plain(port))
    assert block == [(1, NOTE_ON)] * 2


def test_an_input_without_connection_has_no_events(make_client):
    receiver = Receiver(make_client())
    with receiver.client:
        assert receiver.read() == []
        assert receiver.run(lambda port: port.lost_midi_events) == 0


# -- Misuse -------------------------------------------------------------------


@pytest.mark.parametrize('method', ['get_buffer', 'get_array'])
@pytest.mark.parametrize('ports', ['midi_inports', 'midi_outports'])
@pytest.mark.parametrize('inside', [False, True], ids=['outside', 'inside'])
def test_midi_ports_have_no_audio_buffer(client, method, ports, inside):
    port = getattr(client, ports).register('port')
    cycle = Cycle(client)
    client.activate()
    run = cycle.run if inside else lambda function: function()
    with pytest.raises((jack.JackError, NotImplementedError)):
        run(getattr(port, method))


@pytest.mark.parametrize(
    'use',
    [
        lambda port: port.write_midi_event(0, NOTE_ON),
        lambda port: port.reserve_midi_event(0, 3),
        lambda port: port.clear_buffer(),
        lambda port: port.max_event_size,
        lambda port: port.lost_midi_events,
        lambda port: list(port.incoming_midi_events()),
    ],
    ids=['write', 'reserve', 'clear', 'max_size', 'lost', 'incoming'],
)
def test_midi_calls_are_refused_outside_of_the_process_callback(client, use):
    port = client.midi_outports.register('port')
    if 'incoming' in use.__code__.co_names[0]:
        port = client.midi_inports.register('in')
    for step in (lambda: None, client.activate, client.deactivate):
        step()
        with pytest.raises(jack.JackError, match='process callback'):
            use(port)


def test_an_output_port_has_no_incoming_events(sender):
    sender.send((0, NOTE_ON))
    with pytest.raises(jack.JackError, match='is an output'):
        sender.cycle.run(sender.port.incoming_midi_events)


# -- Outside witnesses --------------------------------------------------------


def test_jack_midiseq_is_heard_with_its_notes_and_times(
    server, client, wait_until
):
    length, note_length = 2048, 700
    size = client.blocksize
    notes = []
    position = 0
    port = client.midi_inports.register('in')

    @client.set_process_callback
    def process(frames):
        nonlocal position
        for when, event in port.incoming_midi_events():
            notes.append((position + when, bytes(event)))
        position += frames

    program = server.popen(
        ['jack_midiseq', 'midiseq', str(length), '0', '60', str(note_length)]
    )

    def connected():
        # Its port exists a moment before the program is active.
        try:
            client.connect('midiseq:out', port)
        except jack.JackError:
            return False
        return True

    with client:
        wait_until(connected, message='jack_midiseq is active')
        wait_until(lambda: len(notes) > 12, 10)
    program.terminate()
    program.communicate(timeout=10)
    assert {event[:2] for _, event in notes} == {b'\x90\x3c', b'\x80\x3c'}
    starts = [time for time, event in notes if event[0] == 0x90]
    durations = [
        off_time - on_time
        for (on_time, on), (off_time, off) in zip(notes, notes[1:])
        if on[0] == 0x90 and off[0] == 0x80
    ]
    periods = [b - a for a, b in zip(starts, starts[1:])]
    # A cycle that one of the two processes misses on a busy machine moves
    # the note by whole blocks; its place in the block is exact.
    assert note_length in durations
    assert length in periods
    assert {n % size for n in durations} == {note_length % size}
    assert {n % size for n in periods} == {length % size}


FAR_RECEIVER = """
import sys
import jack

client = jack.Client('far-midi')
port = client.midi_inports.register('in')
looking = False

@client.set_process_callback
def process(frames):
    global looking
    if looking:
        looking = False
        events = ' '.join(f'{when}:{bytes(event).hex()}'
                          for when, event in port.incoming_midi_events())
        sys.stdout.write(f'events {events}\\n')
        sys.stdout.flush()

with client:
    print('ready', client.name, flush=True)
    for line in sys.stdin:
        looking = True
"""


def test_midi_arrives_in_another_process(server, sender, wait_until):
    with Peer(server, FAR_RECEIVER) as peer:
        sender.port.connect(f'{peer.hear("ready")}:in')

        def read():
            peer.tell('look')
            return peer.hear('events')

        sender.send((9, PROBE))
        wait_until(lambda: read() == '9:fe')
        sysex = b'\xf0' + bytes(range(100)) + b'\xf7'
        sender.send((0, NOTE_ON), (17, sysex), (255, NOTE_OFF))
        assert (
            read()
            == f'0:{NOTE_ON.hex()} 17:{sysex.hex()} 255:{NOTE_OFF.hex()}'
        )
