"""Gives arbitrary values to all that looks at arguments; run as a child.

    python -m tests.robust.parsers [EXAMPLES]
"""

import array
import fractions
import sys

import numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import jack
from tests.robust.members import FOREIGN_WORDS, ignore

TEXT = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(categories=['Cs', 'L']), max_size=5),
    st.text('.[]{}()*+?|^$\\-:ab\0', max_size=8),
    st.sampled_from(['system:capture_1', 'x' * 300, 'y' * 5000, 'a:b:c']),
)

NUMBERS = st.one_of(
    st.integers(),
    st.integers(-2, 300),
    st.sampled_from([2**n + d for n in (31, 32, 63, 64) for d in (-1, 0, 1)]),
    st.floats(),
    st.booleans(),
    st.fractions().filter(lambda f: isinstance(f, fractions.Fraction)),
    st.integers(-128, 127).map(numpy.int8),
    st.integers(0, 2**64 - 1).map(numpy.uint64),
    st.floats(width=32).map(numpy.float32),
)

BUFFERS = st.one_of(
    st.binary(max_size=12),
    st.binary(max_size=12).map(bytearray),
    st.binary(max_size=12).map(memoryview),
    st.binary(max_size=12).map(lambda data: array.array('b', data)),
    st.lists(st.floats(width=32), max_size=4).map(
        lambda data: numpy.array(data, numpy.float32)[::-1]
    ),
)

ANYTHING = st.one_of(
    st.none(),
    TEXT,
    NUMBERS,
    BUFFERS,
    st.lists(NUMBERS, max_size=4),
    st.tuples(TEXT, NUMBERS),
    st.sets(st.integers(0, 255), max_size=3),
    st.dictionaries(st.integers(0, 255), TEXT, max_size=2),
    st.builds(object),
    st.just(ignore),
    st.just(jack),
    st.just(jack.Status(0)),
    st.just(jack._ffi.NULL),
    st.builds(lambda: jack._ffi.new('char[]', 4)),
    st.builds(lambda: jack._ffi.new('jack_nframes_t *')),
)

REFUSALS = (TypeError, ValueError, jack.JackError)


class World:
    """A client which is used for all of it."""

    def __init__(self):
        self.client = jack.Client('parser')
        self.port = self.client.inports.register('in')
        self.ring = jack.RingBuffer(64)
        self.client.activate()


def attempt(what, argument, function, value):
    """Call *function*: it succeeds, or names *argument* in plain words.

    Returns whether it has succeeded, and the result.
    """
    try:
        return True, function(value)
    except REFUSALS as error:
        text = str(error)
        assert text, (what, error)
        assert not FOREIGN_WORDS.search(text), (what, text)
        if not isinstance(error, jack.JackError):
            assert argument in text, (what, argument, text)
        return False, None


def make_checks(world):
    """(what, argument, function of a value, check of value and result)."""
    client, port, ring = world.client, world.port, world.ring

    def name_is_kept(value, result):
        assert result.name == f'parser:{value}'
        result.unregister()

    def is_list(value, result):
        assert type(result) is list

    def never(value, result):
        raise AssertionError(f'{value!r} was taken')

    def number_of_bytes(value, result):
        try:
            # Scalars of NumPy's are buffers, too.
            size = memoryview(value).nbytes
        except TypeError:
            size = len(bytes(value))
        assert result == min(size, 63)

    def part_of_ring(value, result):
        assert len(result) == min(int(value), 63)

    def is_large(value):
        """There may be room for it, which is not the point."""
        return isinstance(value, (int, numpy.integer)) and value > 2**20

    def full_ring():
        ring.reset()
        ring.write(bytes(63))
        return ring

    def empty_ring():
        ring.reset()
        return ring

    def nothing(value, result):
        """There is no more to it."""

    return [
        ('register', 'shortname', client.inports.register, name_is_kept),
        ('get_ports', 'name_pattern', client.get_ports, is_list),
        ('get_port_by_name', 'name', client.get_port_by_name, nothing),
        ('get_port_by_id', 'id', client.get_port_by_id, nothing),
        ('owns', 'port', client.owns, nothing),
        ('connect', 'source',
         lambda value: client.connect(value, port), nothing),
        ('connect', 'destination',
         lambda value: client.connect('system:capture_1', value), never),
        ('disconnect', 'source',
         lambda value: client.disconnect(value, port), nothing),
        ('get_all_connections', 'port', client.get_all_connections, is_list),
        ('is_connected_to', 'port', port.is_connected_to, nothing),
        ('set_alias', 'alias',
         lambda value: (port.set_alias(value), port.unset_alias(value)),
         nothing),
        ('transport_locate', 'frame', client.transport_locate, nothing),
        ('transport_reposition', 'beats_per_minute',
         lambda value: client.transport_reposition(beats_per_minute=value),
         nothing),
        ('transport_reposition', 'bar',
         lambda value: client.transport_reposition(bar=value), nothing),
        ('transport_reposition_struct', 'position',
         client.transport_reposition_struct, never),
        ('position2dict', 'pos', jack.position2dict, never),
        ('set_sync_timeout', 'timeout',
         lambda value: client.set_sync_timeout(value), nothing),
        ('frames_to_time', 'frames', client.frames_to_time, nothing),
        ('time_to_frames', 'usecs', client.time_to_frames, nothing),
        ('type_buffersize', 'porttype', client.type_buffersize, never),
        ('get_latency_range', 'mode', port.get_latency_range, nothing),
        ('set_property', 'key',
         lambda value: client.set_property(client, value, 'x'), nothing),
        ('set_property', 'value',
         lambda value: client.set_property(client, 'k', value), nothing),
        ('set_property', 'type',
         lambda value: client.set_property(client, 'k', 'v', value),
         nothing),
        ('get_property', 'subject',
         lambda value: jack.get_property(value, 'k'), nothing),
        ('get_uuid_for_client_name', 'name',
         client.get_uuid_for_client_name, never),
        ('get_client_name_by_uuid', 'uuid',
         client.get_client_name_by_uuid, nothing),
        ('function_address', 'name', jack.function_address, never),
        ('client_pid', 'name', jack.client_pid, nothing),
        ('RingBuffer', 'size',
         lambda value: is_large(value) or jack.RingBuffer(value), nothing),
        ('write', 'data',
         lambda value: empty_ring().write(value), number_of_bytes),
        ('read', 'size', lambda value: full_ring().read(value), part_of_ring),
        ('peek', 'size', lambda value: full_ring().peek(value), part_of_ring),
        ('read_advance', 'size',
         lambda value: full_ring().read_advance(value), nothing),
        ('write_advance', 'size',
         lambda value: empty_ring().write_advance(value), nothing),
        ('reset', 'size', lambda value: ring.reset(value) or ring.reset(64),
         nothing),
        ('Status', 'code', jack.Status, nothing),
        ('TransportState', 'code', jack.TransportState, nothing),
        ('_userdata_pointer', 'userdata', jack._userdata_pointer, nothing),
        ('_native_function', 'callback',
         lambda value: jack._native_function(
             value, 'JackProcessCallback', None), nothing),
    ]


def main(examples):
    jack.set_error_function(ignore)
    world = World()
    checks = make_checks(world)
    taken = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(value=ANYTHING)
    def all_checks(value):
        for what, argument, function, check in checks:
            well, result = attempt(what, argument, function, value)
            if well:
                taken.add(what)
                check(value, result)

    all_checks()
    # None of this has done it any harm.
    client = world.client
    assert client.active
    client.connect('system:capture_1', world.port)
    assert world.port.is_connected_to('system:capture_1')
    client.close()
    print(f'{examples} values, {len(checks)} parameters, of which '
          f'{len(taken)} have taken some')


if __name__ == '__main__':
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
