"""Native callbacks: functions in C, or compiled by Numba, without Python.

The functions are made with gcc or Numba where there is one; those who have
neither skip, with that as the reason, what cannot be done with functions of
the C library alone.
"""

import ctypes
import os
import resource
import shutil
import subprocess
import textwrap
import types
import weakref

import interpreter
import numpy as np
import pytest

import jack

SOURCE = """
#include <jack/jack.h>
#include <jack/transport.h>
#include <time.h>

struct work {
    jack_port_t *in, *out;
    float gain;
    volatile unsigned cycles, calls;
    volatile int result;
    volatile long nap;
};

int gain(jack_nframes_t frames, void *arg)
{
    struct work *work = arg;
    float *in = jack_port_get_buffer(work->in, frames);
    float *out = jack_port_get_buffer(work->out, frames);
    float gain = work->gain;

    for (jack_nframes_t i = 0; i < frames; i++)
        out[i] = gain * in[i];
    work->cycles++;
    return work->result;
}

int count(jack_nframes_t frames, void *arg)
{
    struct work *work = arg;
    struct timespec nap = {0, work->nap};

    if (work->nap)
        nanosleep(&nap, NULL);
    work->cycles++;
    return work->result;
}

/* Says that it is ready when it is asked the third time. */
int sync_up(jack_transport_state_t state, jack_position_t *pos, void *arg)
{
    struct work *work = arg;

    return ++work->calls >= 3;
}

void timebase(jack_transport_state_t state, jack_nframes_t frames,
              jack_position_t *pos, int new_pos, void *arg)
{
    struct work *work = arg;

    work->calls++;
    pos->valid = JackPositionBBT;
    pos->bar = 7;
    pos->beat = 3;
    pos->tick = 0;
    pos->bar_start_tick = 24 * 960;
    pos->beats_per_bar = pos->beat_type = 4;
    pos->ticks_per_beat = 960;
    pos->beats_per_minute = 99;
}

void begin_thread(void *arg)
{
    struct work *work = arg;

    work->calls++;
}

int xrun(void *arg)
{
    struct work *work = arg;

    work->calls++;
    return 0;
}
"""

# The struct of that name.
WORK = np.dtype(
    [
        ('in', 'uintp'),
        ('out', 'uintp'),
        ('gain', 'f4'),
        ('cycles', 'u4'),
        ('calls', 'u4'),
        ('result', 'i4'),
        ('nap', 'long'),
    ],
    align=True,
)


@pytest.fixture(scope='session')
def c_path(tmp_path_factory):
    """The functions above, as a shared library."""
    if shutil.which('gcc') is None:
        pytest.skip('no gcc to make native functions with')
    folder = tmp_path_factory.mktemp('native')
    source, library = folder / 'native.c', folder / 'native.so'
    source.write_text(SOURCE)
    result = subprocess.run(
        ['gcc', '-shared', '-fPIC', '-o', library, source, '-ljack'],
        capture_output=True,
        text=True,
    )
    if 'jack/jack.h' in result.stderr:
        pytest.skip("JACK's headers are not installed")
    assert result.returncode == 0, result.stderr
    return library


@pytest.fixture
def library(c_path):
    return ctypes.CDLL(c_path)


@pytest.fixture
def work():
    """Memory for the functions above."""
    return np.zeros(1, WORK)


@pytest.fixture(scope='session')
def numba():
    return pytest.importorskip('numba', reason='Numba is not installed')


class Address:
    """Has nothing but the address of a function."""

    def __init__(self, function):
        self.address = ctypes.cast(function, ctypes.c_void_p).value


def as_ctypes(function):
    """A ctypes function of a library: its arguments are not declared."""
    return function


def as_typed_ctypes(function):
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)
    return kind(Address(function).address)


def as_cffi(function):
    return jack._ffi.cast('JackProcessCallback', Address(function).address)


FORMS = [as_ctypes, as_typed_ctypes, as_cffi, Address]


def numba_gain(numba):
    """Make the function `gain` with Numba instead of C."""
    get_buffer = ctypes.CFUNCTYPE(
        ctypes.POINTER(ctypes.c_float), ctypes.c_size_t, ctypes.c_uint32
    )(jack.function_address('jack_port_get_buffer'))

    @numba.cfunc('i4(u4, voidptr)')
    def gain(frames, userdata):
        work = numba.carray(userdata, 1, WORK)[0]
        heard = numba.carray(get_buffer(work['in'], frames), frames)
        played = numba.carray(get_buffer(work['out'], frames), frames)
        factor = work['gain']
        for i in range(frames):
            played[i] = factor * heard[i]
        work['cycles'] += 1
        return 0

    return gain


@pytest.fixture(params=[*FORMS, numba_gain], ids=lambda form: form.__name__)
def gain(request):
    """The function `gain` in each form that is taken."""
    if request.param is numba_gain:
        return numba_gain(request.getfixturevalue('numba'))
    return request.param(request.getfixturevalue('library').gain)


# -- Sound --------------------------------------------------------------------


def test_gain_is_bit_exact_and_can_be_changed_while_it_plays(
    gain, make_client, work, wait_until
):
    player, changer, tape = map(make_client, ('player', 'changer', 'tape'))
    source = player.outports.register('out')
    sink = tape.inports.register('in')
    noise = np.random.default_rng(5).uniform(-1, 1, player.blocksize)
    noise = noise.astype('f4')
    heard = []

    @player.set_process_callback
    def play(frames):
        source.get_array()[:] = noise

    @tape.set_process_callback
    def listen(frames):
        heard.append(sink.get_array().tobytes())

    work['in'] = changer.inports.register('in').address
    work['out'] = changer.outports.register('out').address
    work['gain'] = 0.3
    changer.set_process_callback(gain, work)
    allowed = set()
    with player, changer, tape:
        player.connect(source, 'changer:in')
        player.connect('changer:out', sink)
        for factor in 0.3, 1 / 7, -2:
            work['gain'] = factor
            expected = (np.float32(factor) * noise).tobytes()
            allowed.add(expected)
            wait_until(
                lambda expected=expected: expected in heard[-20:], 10, factor
            )
    # There was no block of half one gain and half another; silence was in the
    # beginning, perhaps.
    assert set(heard) - {bytes(noise.nbytes)} == allowed


@pytest.mark.parametrize('form', FORMS)
def test_all_forms_of_a_function_are_called(
    form, library, client, work, wait_until
):
    client.set_process_callback(form(library.count), work)
    with client:
        wait_until(lambda: work['cycles'] > 2)


def test_a_function_of_the_c_library_will_do(client, wait_until):
    # It ignores its arguments and returns 0.
    client.set_process_callback(as_cffi(ctypes.CDLL(None).sched_yield))
    with client:
        frame = client.last_frame_time
        wait_until(lambda: client.last_frame_time > frame)
    assert client.last_exception is None


def test_cycles_are_run_beside_a_python_callback(
    library, make_client, work, wait_until
):
    native, python = make_client(), make_client()
    cycles = []
    native.set_process_callback(library.count, work)
    python.set_process_callback(cycles.append)
    with native, python:
        wait_until(lambda: work['cycles'] > 2 and len(cycles) > 2)


def test_callbacks_of_both_kinds_can_replace_each_other(
    library, client, work, wait_until
):
    cycles = []
    for _ in range(2):
        client.set_process_callback(library.count, work)
        before = int(work['cycles'][0])
        client.activate()
        wait_until(lambda before=before: work['cycles'] > before)
        client.deactivate()
        client.set_process_callback(cycles.append)
        before, count = len(cycles), int(work['cycles'][0])
        client.activate()
        wait_until(lambda before=before: len(cycles) > before)
        client.deactivate()
        assert work['cycles'] == count


def test_the_python_side_is_still_refused_the_buffers(
    library, client, work, wait_until
):
    port = client.inports.register('in')
    client.set_process_callback(library.count, work)
    with client:
        wait_until(lambda: work['cycles'])
        with pytest.raises(jack.JackError):
            port.get_array()


@pytest.mark.needs('native callbacks that end themselves')
def test_a_result_other_than_0_ends_the_calls(
    library, client, make_client, work, wait_until
):
    other = make_client()
    work['result'] = 1
    client.set_process_callback(library.count, work)
    with client:
        wait_until(lambda: work['cycles'])
        frame = other.last_frame_time
        wait_until(
            lambda: other.last_frame_time - frame > 10 * other.blocksize
        )
        assert work['cycles'] == 1


# -- Memory -------------------------------------------------------------------


class Kept(bytearray):
    """Memory that can be referred to weakly."""


@pytest.mark.parametrize('make', ['array', 'structure', 'bytearray', 'cffi'])
def test_userdata_lives_as_long_as_the_client(
    make, library, make_client, wait_until
):
    size = WORK.itemsize
    if make == 'array':
        memory = np.zeros(1, WORK)
    elif make == 'structure':
        memory = (ctypes.c_char * size)()
    elif make == 'bytearray':
        memory = Kept(size)
    else:
        memory = jack._ffi.new('char[]', size)
    alive = weakref.ref(memory)
    client = make_client()
    client.set_process_callback(library.count, memory)
    del memory
    interpreter.collect()

    def cycles():
        view = (
            jack._ffi.buffer(alive())
            if make == 'cffi'
            else memoryview(alive())
        )
        # A copy: on PyPy, NumPy keeps what it has a view of.
        return np.frombuffer(bytes(view), WORK)['cycles'][0]

    client.activate()
    wait_until(lambda: cycles() > 2)
    client.deactivate()
    interpreter.collect()
    assert alive() is not None
    client.close()
    del client
    wait_until(lambda: interpreter.collect() or alive() is None)


def test_the_function_lives_as_long_as_the_client(
    library, make_client, work, wait_until
):
    function = Address(library.count)
    alive = weakref.ref(function)
    client = make_client()
    client.set_process_callback(function, work)
    del function
    client.activate()
    wait_until(lambda: work['cycles'] > 2)
    interpreter.collect()
    assert alive() is not None
    client.close()
    del client
    wait_until(lambda: interpreter.collect() or alive() is None)


@pytest.mark.parametrize(
    'form',
    [
        lambda work: work.ctypes.data,
        lambda work: np.uint64(work.ctypes.data),
        lambda work: ctypes.c_void_p(work.ctypes.data),
        lambda work: ctypes.pointer(ctypes.c_char.from_buffer(work)),
        lambda work: jack._ffi.cast('void *', work.ctypes.data),
        lambda work: jack._ffi.from_buffer(work),
        memoryview,
    ],
    ids=['int', 'uint64', 'c_void_p', 'pointer', 'cffi', 'cdata', 'view'],
)
def test_userdata_can_be_an_address(form, library, client, work, wait_until):
    client.set_process_callback(library.count, form(work))
    with client:
        wait_until(lambda: work['cycles'] > 2)


def read_only():
    array = np.zeros(4)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    'userdata',
    [
        'text',
        b'bytes',
        1.5,
        True,
        object(),
        [1],
        read_only(),
        np.zeros(8)[::2],
        np.zeros((4, 4), order='F')[1:],
        memoryview(bytearray(8))[::2],
        jack._ffi.new('jack_position_t *')[0],
        jack._ffi.cast('int', 1),
    ],
    ids=lambda userdata: type(userdata).__name__,
)
def test_userdata_without_writable_contiguous_memory_is_a_type_error(
    client, userdata
):
    function = as_cffi(ctypes.CDLL(None).sched_yield)
    with pytest.raises(TypeError, match='userdata'):
        client.set_process_callback(function, userdata)


@pytest.mark.parametrize('userdata', [-1, 1 << 64])
def test_userdata_beyond_all_addresses_is_a_value_error(client, userdata):
    function = as_cffi(ctypes.CDLL(None).sched_yield)
    with pytest.raises(ValueError, match='userdata'):
        client.set_process_callback(function, userdata)


def test_userdata_is_refused_for_a_python_function(client):
    with pytest.raises(TypeError, match='userdata'):
        client.set_process_callback(print, bytearray(8))


# -- Signatures ---------------------------------------------------------------

# Result and arguments, in C, of what is no process callback.
OTHERS = [
    'void(uint32_t, void *)',
    'float(uint32_t, void *)',
    'double(uint32_t, void *)',
    'int64_t(uint32_t, void *)',
    'void *(uint32_t, void *)',
    'int(void)',
    'int(uint32_t)',
    'int(uint32_t, void *, void *)',
    'int(uint64_t, void *)',
    'int(uint16_t, void *)',
    'int(float, void *)',
    'int(void *, uint32_t)',
    'int(uint32_t, uint32_t)',
    'int(uint32_t, double)',
]

CTYPES = {
    'void': None,
    'void *': ctypes.c_void_p,
    'int': ctypes.c_int,
    'float': ctypes.c_float,
    'double': ctypes.c_double,
    'int64_t': ctypes.c_int64,
    'uint16_t': ctypes.c_uint16,
    'uint32_t': ctypes.c_uint32,
    'uint64_t': ctypes.c_uint64,
}


def types_of(signature):
    result, _, arguments = signature.rstrip(')').partition('(')
    arguments = [a for a in arguments.split(', ') if a != 'void']
    return CTYPES[result], [CTYPES[argument] for argument in arguments]


@pytest.mark.parametrize('signature', OTHERS)
def test_a_cffi_pointer_of_another_type_is_a_type_error(client, signature):
    kind = signature.replace('(', '(*)(', 1)
    with pytest.raises(TypeError, match='callback'):
        client.set_process_callback(jack._ffi.cast(kind, 1))


@pytest.mark.parametrize('signature', OTHERS)
def test_a_ctypes_function_of_another_type_is_a_type_error(client, signature):
    result, arguments = types_of(signature)
    function = ctypes.CFUNCTYPE(result, *arguments)(1)
    with pytest.raises(TypeError, match='callback'):
        client.set_process_callback(function)


@pytest.mark.parametrize(
    'function',
    [
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)(max),
        jack._ffi.callback('JackProcessCallback', max),
    ],
    ids=['ctypes', 'cffi'],
)
def test_python_within_a_function_of_c_is_a_type_error(client, function):
    # libjack would end its thread while it waits for the interpreter lock.
    with pytest.raises(TypeError, match='give the Python function itself'):
        client.set_process_callback(function)


def test_what_ctypes_does_with_results_and_arguments_is_not_of_c(client):
    class Converted:
        from_param = None

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)
    function = kind(1)
    function.restype = abs
    with pytest.raises(TypeError, match='callback must be a native'):
        client.set_process_callback(function)
    function = kind(1)
    function.argtypes = ctypes.c_uint32, Converted
    with pytest.raises(TypeError, match='callback must be a native'):
        client.set_process_callback(function)


@pytest.mark.parametrize('address', [-1, 2**64])
def test_an_address_has_a_range(client, address):
    with pytest.raises(ValueError, match='address of callback'):
        client.set_process_callback(types.SimpleNamespace(address=address))


@pytest.mark.parametrize(
    ('signature', 'result'),
    [
        ('void(u4, voidptr)', None),
        ('f4(u4, voidptr)', 0.0),
        ('i8(u4, voidptr)', 0),
    ],
)
def test_a_numba_function_of_another_type_is_a_type_error(
    client, numba, signature, result
):
    function = numba.cfunc(signature)(lambda frames, userdata: result)
    with pytest.raises(TypeError, match='callback'):
        client.set_process_callback(function)


@pytest.mark.parametrize(
    'pointer',
    [
        jack._ffi.cast('void *', 1),
        jack._ffi.new('int *'),
        jack._ffi.cast('int', 1),
        ctypes.c_void_p(1),
        1,
    ],
    ids=['void *', 'int *', 'int', 'c_void_p', 'address'],
)
def test_a_pointer_to_no_function_is_a_type_error(client, pointer):
    with pytest.raises(TypeError, match='callback'):
        client.set_process_callback(pointer)


@pytest.mark.parametrize('address', [True, 0x60])
def test_a_callable_with_an_address_is_called(client, wait_until, address):
    class Synthesizer:
        """Knows its address on some bus."""

        def __init__(self):
            self.address = address
            self.cycles = 0

        def __call__(self, frames):
            self.cycles += 1

    synthesizer = Synthesizer()
    client.set_process_callback(synthesizer)
    client.activate()
    wait_until(lambda: synthesizer.cycles)


def test_a_port_is_no_function_although_it_has_an_address(client):
    port = client.inports.register('in')
    with pytest.raises(TypeError, match='callback'):
        client.set_process_callback(port)


@pytest.mark.parametrize(
    'pointer',
    [
        jack._ffi.cast('JackProcessCallback', 0),
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)(0),
    ],
    ids=['cffi', 'ctypes'],
)
def test_a_null_pointer_is_a_value_error(client, pointer):
    with pytest.raises(ValueError, match='callback'):
        client.set_process_callback(pointer)


def test_signs_and_names_of_types_do_not_matter(client, work):
    # A caller passes them in the same way.
    client.set_process_callback(jack._ffi.cast('int(*)(int, char *)', 1), 1)
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_float)
    )
    client.set_process_callback(kind(1), work)


# -- Addresses ----------------------------------------------------------------


def test_functions_of_libjack_can_be_called_by_their_address():
    size = ctypes.CFUNCTYPE(ctypes.c_int)(
        jack.function_address('jack_port_name_size')
    )
    assert size() == jack.port_name_size()


@pytest.mark.parametrize(
    'name', ['jack_no_such_thing', 'printf', 'jack_error_callback', 'é']
)
def test_what_is_no_function_of_libjack_has_no_address(name):
    with pytest.raises(jack.JackError, match=name):
        jack.function_address(name)


@pytest.mark.parametrize('name', [None, 5, b'jack_free'])
def test_the_name_of_a_function_is_a_str(name):
    with pytest.raises(TypeError, match='name'):
        jack.function_address(name)


def test_the_address_of_a_port_is_one_for_libjack(client):
    port = client.inports.register('in')
    name = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)(
        jack.function_address('jack_port_name')
    )
    assert name(port.address).decode() == port.name


def test_a_port_that_is_gone_has_no_address(client):
    port = client.inports.register('in')
    port.unregister()
    with pytest.raises(jack.JackError):
        port.address  # noqa: B018


# -- The other callbacks ------------------------------------------------------


def test_a_native_thread_init_callback_is_called(
    library, client, work, wait_until
):
    client.set_thread_init_callback(library.begin_thread, work)
    with client:
        wait_until(lambda: work['calls'] > 0)


@pytest.mark.parametrize('process', ['native', 'python', 'none'])
def test_a_native_sync_callback_holds_the_transport(
    process, library, client, work, wait_until
):
    if process == 'native':
        client.set_process_callback(library.count, work)
    elif process == 'python':
        client.set_process_callback(lambda frames: None)
    client.set_sync_callback(library.sync_up, work)
    with client:
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        assert work['calls'] >= 3
        client.transport_stop()
        wait_until(lambda: client.transport_state == jack.STOPPED)


@pytest.mark.parametrize('process', ['native', 'python', 'none'])
def test_a_native_timebase_callback_fills_the_position(
    process, library, client, make_client, work, wait_until
):
    if process == 'native':
        client.set_process_callback(library.count, work)
    elif process == 'python':
        client.set_process_callback(lambda frames: None)
    other = make_client()
    other.activate()
    assert client.set_timebase_callback(library.timebase, userdata=work)
    with client:
        client.transport_start()
        wait_until(lambda: other.transport_query()[1].get('bar') == 7)
        position = other.transport_query()[1]
        assert (position['beat'], position['beats_per_minute']) == (3, 99)
        client.transport_stop()
        client.release_timebase()


def test_a_native_process_callback_gets_along_with_python_ones(
    library, client, work, wait_until
):
    states = []

    def get_ready(state, position):
        states.append(state)
        return True

    client.set_process_callback(library.count, work)
    client.set_sync_callback(get_ready)
    with client:
        wait_until(lambda: work['cycles'] > 2)
        client.transport_start()
        wait_until(lambda: client.transport_state == jack.ROLLING)
        client.transport_stop()
        wait_until(lambda: client.transport_state == jack.STOPPED)
    assert states


@pytest.mark.needs('notification of xruns')
def test_a_native_xrun_callback_is_called(library, client, wait_until):
    slow, late = np.zeros(1, WORK), np.zeros(1, WORK)
    client.set_process_callback(library.count, slow)
    client.set_xrun_callback(library.xrun, late)
    with client:
        wait_until(lambda: slow['cycles'] > 2)
        # Longer than many cycles.
        slow['nap'] = 200_000_000
        wait_until(lambda: late['calls'] > 0, 10)
        slow['nap'] = 0


TYPES = {
    'set_process_callback': 'JackProcessCallback',
    'set_sync_callback': 'JackSyncCallback',
    'set_timebase_callback': 'JackTimebaseCallback',
    'set_thread_init_callback': 'JackThreadInitCallback',
    'set_xrun_callback': 'JackXRunCallback',
}


@pytest.mark.parametrize(
    ('setter', 'kind'),
    [
        (setter, kind)
        for setter, own in TYPES.items()
        for kind in TYPES.values()
        if kind != own
    ],
)
def test_no_callback_can_be_used_as_another(client, setter, kind):
    function = jack._ffi.cast(kind, 1)
    with pytest.raises(TypeError, match='callback'):
        getattr(client, setter)(function)


# -- Beside Python ------------------------------------------------------------

PREAMBLE = """
import ctypes
import sys
import threading
import time

import numpy as np

import jack

library = ctypes.CDLL(sys.argv[1])

def compute():
    number = 0
    while True:
        number = (number * 5 + 1) % 1000003

"""


def code_with_preamble(code):
    return PREAMBLE + textwrap.dedent(code)


def test_closing_is_safe_beside_busy_threads(run_python, c_path):
    code = """
    for _ in range(2):
        threading.Thread(target=compute, daemon=True).start()
    for number in range(20):
        work = np.zeros(64, 'u4')
        client = jack.Client('closing')
        client.set_process_callback(library.count, work)
        client.activate()
        deadline = time.monotonic() + 5
        while not work.any():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        del work
        client.close()
    print('done')
    """
    result = run_python(code_with_preamble(code), c_path, timeout=60)
    assert result.stdout == 'done\n'


def test_userdata_lives_until_the_cycle_is_over_that_closing_races_with(
    run_python, mode_server, c_path
):
    # What an mmap object had is no memory of the process when it is gone:
    # a callback that is late would crash.
    code = """
    import mmap
    nap = np.array([3_000_000], 'i8').tobytes()
    at, cycles = map(int, sys.argv[2:])
    for number in range(30):
        area = mmap.mmap(-1, 4096)
        area[at : at + 8] = nap
        client = jack.Client('racing')
        client.set_process_callback(library.count, area)
        client.activate()
        deadline = time.monotonic() + 5
        while not any(area[cycles : cycles + 4]):
            assert time.monotonic() < deadline
        del area
        if number % 3 == 0:
            del client
        elif number % 3 == 1:
            client.close()
        else:
            client.deactivate()
            client.close()
    print('done')
    """
    offsets = [WORK.fields[name][1] for name in ('nap', 'cycles')]
    result = run_python(
        code_with_preamble(code),
        c_path,
        *map(str, offsets),
        server=mode_server,
    )
    assert result.stdout == 'done\n'


def test_an_open_client_is_no_trouble_at_exit(run_python, c_path):
    code = """
    threading.Thread(target=compute, daemon=True).start()
    work = np.zeros(64, 'u4')
    client = jack.Client('exiting')
    client.set_process_callback(library.count, work)
    client.activate()
    print('done')
    """
    result = run_python(code_with_preamble(code), c_path)
    assert (result.stdout, result.stderr) == ('done\n', '')


def may_be_realtime():
    return (
        os.geteuid() == 0
        or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] > 10
    )


IDLE = """
work = np.memmap('idle', 'u4', 'w+', shape=64)
client = jack.Client('idle')
client.set_process_callback(library.count, work)
client.activate()
print('active', flush=True)
sys.stdin.read()
"""


def test_no_cycle_is_lost_because_python_is_busy(
    run_python, make_server, c_path
):
    # With a callback in Python, less than half of such short cycles are run.
    # What else there is on this machine keeps an idle program as busy.  The
    # servers of PipeWire here have no real-time threads, which alone are
    # always before those of Python.
    server = make_server(blocksize=64, realtime=may_be_realtime())
    punctual = server.realtime and server.kind.startswith('jack')
    code = """
    import subprocess

    idle = subprocess.Popen(
        [sys.executable, '-c', sys.argv[2], sys.argv[1]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert idle.stdout.readline() == b'active\\n'
    counts = np.memmap('idle', 'u4', 'r', shape=64), np.zeros(64, 'u4')
    client = jack.Client('punctual')
    client.set_process_callback(library.count, counts[1])
    threading.Thread(target=compute, daemon=True).start()
    client.activate()
    before = [count.max() for count in counts]
    start, number = time.perf_counter(), 0
    while time.perf_counter() < start + 2:
        for _ in range(1000):
            number = (number * 5 + 1) % 1000003
    print(*(count.max() - number for count, number in zip(counts, before)))
    idle.communicate()
    """
    result = run_python(
        code_with_preamble(code),
        c_path,
        code_with_preamble(IDLE),
        server=server,
    )
    idle, busy = map(int, result.stdout.split())
    assert busy > (0.95 if punctual else 0.7) * idle > 0


def test_a_callback_can_be_set_while_ctypes_is_imported(run_python):
    run_python("""
        import sys
        import threading
        import jack

        client = jack.Client('early')
        # JACK 1 has needed it for that.
        for name in 'ctypes', '_ctypes':
            sys.modules.pop(name, None)
        begun, go_on = threading.Event(), threading.Event()

        class Slow:
            def find_spec(name, path, target=None):
                if name == '_ctypes':
                    begun.set()
                    go_on.wait(5)

        sys.meta_path.insert(0, Slow)
        importer = threading.Thread(target=__import__, args=['ctypes'])
        importer.start()
        assert begun.wait(5)
        threading.Timer(0.1, go_on.set).start()
        client.set_process_callback(lambda frames: None)
        importer.join()
        client.close()
    """)
