"""Values that JACK hands out: status bits, states, errors, positions."""

import ctypes
import errno

import pytest

import jack

STATUS_BITS = {
    'failure': 0x01,
    'invalid_option': 0x02,
    'name_not_unique': 0x04,
    'server_started': 0x08,
    'server_failed': 0x10,
    'server_error': 0x20,
    'no_such_client': 0x40,
    'load_failure': 0x80,
    'init_failure': 0x100,
    'shm_failure': 0x200,
    'version_error': 0x400,
    'backend_error': 0x800,
    'client_zombie': 0x1000,
}

STATES = {'STOPPED': 0, 'ROLLING': 1, 'STARTING': 3, 'NETSTARTING': 4}

# What is filled in here is what must come out: exact in a float, too.
POSITION_FIELDS = {
    'POSITION_BBT': {
        'bar': 3,
        'beat': 2,
        'tick': 960,
        'bar_start_tick': 15360.5,
        'beats_per_bar': 4.0,
        'beat_type': 8.0,
        'ticks_per_beat': 1920.0,
        'beats_per_minute': 123.25,
    },
    'POSITION_TIMECODE': {'frame_time': 1.5, 'next_time': 1.75},
    'POSITION_BBT_FRAME_OFFSET': {'bbt_offset': 17},
    'POSITION_AUDIO_VIDEO_RATIO': {'audio_frames_per_video_frame': 1920.5},
    'POSITION_VIDEO_FRAME_OFFSET': {'video_offset': 99},
    'POSITION_TICK_DOUBLE': {'tick_double': 960.125},
}


@pytest.fixture
def position():
    """A position struct in which every field has a value and none is valid."""
    struct = jack._ffi.new('jack_position_t *')
    struct.usecs = 2**40 + 5
    struct.frame_rate = 44100
    struct.frame = 123456
    for fields in POSITION_FIELDS.values():
        for name, value in fields.items():
            setattr(struct, name, value)
    return struct


# -- Status -------------------------------------------------------------------


@pytest.mark.parametrize('flag', STATUS_BITS)
def test_each_status_bit_sets_its_flag_and_no_other(flag):
    status = jack.Status(STATUS_BITS[flag])
    assert {name: getattr(status, name) for name in STATUS_BITS} == {
        name: name == flag for name in STATUS_BITS
    }
    assert isinstance(getattr(status, flag), bool)


def test_status_zero_has_no_flag():
    status = jack.Status(0)
    assert not any(getattr(status, name) for name in STATUS_BITS)


def test_several_status_bits_are_seen_at_once():
    status = jack.Status(0x21)
    assert status.failure
    assert status.server_error
    assert not status.server_failed


@pytest.mark.parametrize('flag', STATUS_BITS)
def test_the_repr_of_a_status_names_its_flag_alone(flag):
    text = repr(jack.Status(STATUS_BITS[flag]))
    words = text.replace(',', ' ').replace('>', ' ').split()
    assert [name for name in STATUS_BITS if name in words] == [flag]


@pytest.mark.parametrize('flag', STATUS_BITS)
def test_status_flags_are_read_only(flag):
    with pytest.raises(AttributeError):
        setattr(jack.Status(0), flag, True)


def test_an_unknown_status_bit_does_no_harm():
    status = jack.Status(0x80000000)
    assert not any(getattr(status, name) for name in STATUS_BITS)
    assert '80000000' in repr(status)


# -- Transport states ---------------------------------------------------------


@pytest.mark.parametrize(('name', 'code'), STATES.items(), ids=STATES)
def test_transport_constants_have_jacks_numbers(name, code):
    assert getattr(jack, name) == code


@pytest.mark.parametrize(('name', 'code'), STATES.items(), ids=STATES)
def test_a_transport_state_prints_as_the_constant(name, code):
    assert str(jack.TransportState(code)) == f'jack.{name}'
    assert repr(jack.TransportState(code)) == f'jack.{name}'


@pytest.mark.parametrize(('name', 'code'), STATES.items(), ids=STATES)
def test_a_transport_state_equals_and_hashes_like_its_int(name, code):
    state = jack.TransportState(code)
    assert state == code
    assert code == state
    assert state == jack.TransportState(code)
    assert hash(state) == hash(code)
    assert {code: name}[state] == name


def test_different_transport_states_are_not_equal():
    assert jack.TransportState(0) != jack.TransportState(1)
    assert jack.TransportState(0) != 1
    assert jack.TransportState(0) != 'jack.STOPPED'
    assert len({jack.TransportState(code) for code in STATES.values()}) == 4


def test_an_unknown_transport_state_can_be_printed():
    assert '77' in repr(jack.TransportState(77))


# -- Errors -------------------------------------------------------------------


def test_a_jack_error_code_carries_message_and_code():
    error = jack.JackErrorCode('cannot do it', 17)
    assert isinstance(error, jack.JackError)
    assert error.message == 'cannot do it'
    assert error.code == 17
    assert str(error) == 'cannot do it (17)'


def test_the_code_of_a_real_failure_is_a_plain_int_from_errno(active_client):
    source = active_client.outports.register('out')
    target = active_client.inports.register('in')
    source.connect(target)
    with pytest.raises(jack.JackErrorCode) as caught:
        source.connect(target)
    assert type(caught.value.code) is int
    assert caught.value.code == errno.EEXIST
    assert str(caught.value).endswith(f'({errno.EEXIST})')
    assert source.name in caught.value.message
    assert target.name in caught.value.message


def test_a_jack_open_error_carries_name_and_status():
    status = jack.Status(0x11)
    error = jack.JackOpenError('my client', status)
    assert isinstance(error, jack.JackError)
    assert error.name == 'my client'
    assert error.status is status
    for word in 'my client', 'failure', 'server_failed':
        assert word in str(error)


def test_opening_without_a_server_raises_a_jack_open_error(run_python):
    run_python("""
        import jack
        try:
            jack.Client('lonely', servername='no-such-server',
                        no_start_server=True)
        except jack.JackOpenError as error:
            assert error.name == 'lonely', error.name
            assert isinstance(error.status, jack.Status)
            assert error.status.failure
            assert error.status.server_failed
            assert 'lonely' in str(error), error
            assert 'server_failed' in str(error), error
        else:
            raise AssertionError('opened')
    """)


@pytest.mark.needs('names of one client each')
def test_opening_a_taken_name_exactly_raises_a_jack_open_error(client):
    with pytest.raises(jack.JackOpenError) as caught:
        jack.Client(client.name, use_exact_name=True)
    assert caught.value.name == client.name
    assert caught.value.status.failure
    assert client.name in str(caught.value)


def test_callback_exit_is_not_a_jack_error():
    assert issubclass(jack.CallbackExit, Exception)
    assert not issubclass(jack.CallbackExit, jack.JackError)


# -- Positions ----------------------------------------------------------------


def test_position2dict_without_valid_bits_has_the_common_fields(position):
    result = jack.position2dict(position)
    assert result['usecs'] == 2**40 + 5
    assert result['frame_rate'] == 44100
    assert result['frame'] == 123456
    extended = {name for part in POSITION_FIELDS.values() for name in part}
    assert extended.isdisjoint(result)
    assert not any('padding' in name for name in result)


@pytest.mark.parametrize(
    ('bit', 'fields'), POSITION_FIELDS.items(), ids=POSITION_FIELDS
)
def test_position2dict_adds_the_fields_of_each_valid_bit(
    position, bit, fields
):
    plain = jack.position2dict(position)
    position.valid = getattr(jack, bit)
    result = jack.position2dict(position)
    assert {name: result[name] for name in set(result) - set(plain)} == fields


def test_position2dict_combines_valid_bits(position):
    position.valid = jack.POSITION_BBT | jack.POSITION_TIMECODE
    result = jack.position2dict(position)
    assert result['bar'] == 3
    assert result['frame_time'] == 1.5
    assert 'bbt_offset' not in result


def test_position2dict_values_are_plain_numbers(position):
    position.valid = sum(getattr(jack, bit) for bit in POSITION_FIELDS)
    values = jack.position2dict(position).values()
    assert {type(value) for value in values} == {int, float}


@pytest.mark.parametrize('bad', [None, {}, 0, b'pos'], ids=repr)
def test_position2dict_refuses_what_is_no_position(bad):
    with pytest.raises((TypeError, ValueError, jack.JackError)):
        jack.position2dict(bad)


# -- Constants ----------------------------------------------------------------


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('PROPERTY_CREATED', 0),
        ('PROPERTY_CHANGED', 1),
        ('PROPERTY_DELETED', 2),
        ('POSITION_BBT', 0x10),
        ('POSITION_TIMECODE', 0x20),
        ('POSITION_BBT_FRAME_OFFSET', 0x40),
        ('POSITION_AUDIO_VIDEO_RATIO', 0x80),
        ('POSITION_VIDEO_FRAME_OFFSET', 0x100),
        ('POSITION_TICK_DOUBLE', 0x200),
        ('CAPTURE_LATENCY', 0),
        ('PLAYBACK_LATENCY', 1),
    ],
)
def test_number_constants_have_jacks_values(name, value):
    assert getattr(jack, name) == value
    assert isinstance(getattr(jack, name), int)


@pytest.mark.parametrize(
    'name',
    [
        'CONNECTED',
        'EVENT_TYPES',
        'HARDWARE',
        'ICON_LARGE',
        'ICON_NAME',
        'ICON_SMALL',
        'ORDER',
        'PORT_GROUP',
        'PRETTY_NAME',
        'SIGNAL_TYPE',
    ],
)
def test_metadata_keys_are_those_of_libjack(name):
    libjack = ctypes.CDLL('libjack.so.0')
    try:
        exported = ctypes.c_char_p.in_dll(libjack, f'JACK_METADATA_{name}')
        key = exported.value.decode()
    except ValueError:
        # The four that JACK 1 lacks are like the others.
        words = name.lower().replace('_', '-')
        key = f'http://jackaudio.org/metadata/{words}'
    assert getattr(jack, f'METADATA_{name}') == key


@pytest.mark.parametrize('cls', [jack.Status, jack.TransportState])
@pytest.mark.parametrize('code', [None, 'x', 1.5])
def test_a_code_that_is_no_number_is_refused(cls, code):
    with pytest.raises(TypeError, match='code must be an integer'):
        cls(code)
