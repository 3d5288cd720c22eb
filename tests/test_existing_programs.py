"""What programs in use rely on, beyond the manual: private names too."""

import gc
import shutil
import socket
import sys

import cffi
import pytest
import servers

import jack


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """A folder with what `pip install` puts into site-packages."""
    folder = tmp_path_factory.mktemp('installed')
    command = [sys.executable, 'setup.py', '-q', 'build_py', '-d', folder]
    # A copy, since setuptools leaves files beside setup.py.
    source = tmp_path_factory.mktemp('source')
    for name in 'jack.py', 'setup.py', 'pyproject.toml', 'README.rst':
        shutil.copy(servers.ROOT / name, source)
    shutil.copy(servers.ROOT / 'LICENSE', source)
    servers.run_child(command, None, source, timeout=60)
    return folder


@pytest.fixture
def run_installed(installed, server, tmp_path):
    """Return a function that runs code with the installed module."""

    def run(code):
        __tracebackhide__ = True
        return servers.run_child(
            servers.python_command(code),
            {**server.env, 'PYTHONPATH': str(installed)},
            tmp_path,
        ).stdout

    return run


# -- The ffi object -----------------------------------------------------------

# Declares a function that jack.py has not, with jack.py's types, and gives it
# jack.py's pointer.
USE_INCLUDED_TYPES = """
    import cffi
    import jack

    ffi = cffi.FFI()
    ffi.include(jack._ffi)
    ffi.cdef('''
        void jack_port_set_latency(jack_port_t *port, jack_nframes_t frames);
        struct bookmark { int number; jack_position_t position; };
    ''')
    lib = ffi.dlopen(jack._lib._path)
    client = jack.Client('including')
    port = client.outports.register('out')
    lib.jack_port_set_latency(port._ptr, 256)
    print(port.get_latency_range(jack.CAPTURE_LATENCY).max)

    bookmark = ffi.new('struct bookmark *')
    state = jack._lib.jack_transport_query(
        client._ptr, ffi.addressof(bookmark, 'position'))
    position = jack.position2dict(bookmark.position)
    print(state, position['frame_rate'] == client.samplerate)
    client.close()
"""


@pytest.mark.needs('clocks of inactive clients')
def test_another_ffi_can_include_that_of_jack_py_alone(run_python):
    out = run_python(USE_INCLUDED_TYPES).stdout
    assert out.splitlines() == ['256', '0 True']


@pytest.mark.needs('clocks of inactive clients')
def test_another_ffi_can_include_that_of_an_installed_module(run_installed):
    out = run_installed(USE_INCLUDED_TYPES)
    assert out.splitlines() == ['256', '0 True']


def test_including_gives_the_very_same_types(run_installed):
    run_installed("""
        import cffi
        import jack

        first, second, third = cffi.FFI(), cffi.FFI(), cffi.FFI()
        first.include(jack._ffi)
        second.include(jack._ffi)
        third.include(second)
        names = [name for kind in first.list_types() for name in kind]
        assert {'jack_position_t', 'jack_ringbuffer_t'} <= set(names), names
        for name in names:
            if name.startswith('_jack'):
                name = f'struct {name}'
            for ffi in first, second, third:
                assert ffi.typeof(name) is jack._ffi.typeof(name), name
        """)


def test_nothing_is_parsed_by_an_installed_module(run_installed):
    out = run_installed("""
        import sys
        import jack

        def parser_is_loaded():
            return any('pycparser' in name for name in sys.modules)

        jack.Client('quick').close()
        print(parser_is_loaded())
        jack._ffi._parser
        print(parser_is_loaded())
        """)
    assert out.split() == ['False', 'True']


def test_parsed_declarations_of_another_jack_py_are_not_used(
    installed, server, tmp_path
):
    source = (servers.ROOT / 'jack.py').read_text('utf-8')
    changed = source.replace('double tick_double;', 'double renamed;')
    assert changed != source
    (tmp_path / 'jack.py').write_text(changed, 'utf-8')
    shutil.copy(installed / '_jack_parsed.py', tmp_path)
    out = servers.run_child(
        servers.python_command("""
            import jack
            print(hasattr(jack._ffi.new('jack_position_t *'), 'renamed'))
            """),
        {**server.env, 'PYTHONPATH': str(tmp_path)},
        tmp_path,
    ).stdout
    assert out == 'True\n'


@pytest.mark.parametrize('which', ['alone', 'installed'])
def test_the_ffi_object_makes_frees_and_compares_pointers(
    run_python, run_installed, which
):
    code = """
        import gc
        import jack

        ffi, freed = jack._ffi, []
        number = ffi.new('int *', 5)
        assert (number[0], number == ffi.NULL) == (5, False)
        watched = ffi.gc(number, lambda ptr: freed.append(ptr[0]))
        assert watched[0] == 5
        del watched
        gc.collect()
        assert freed == [5]
        assert ffi.cast('void *', 0) == ffi.NULL
        assert isinstance(number, ffi.CData)
        """
    if which == 'alone':
        run_python(code)
    else:
        run_installed(code)


def test_the_ffi_object_is_one_of_cffi(run_installed):
    assert isinstance(jack._ffi, cffi.FFI)
    out = run_installed("""
        import jack
        import cffi
        print(isinstance(jack._ffi, cffi.FFI))
        """)
    assert out == 'True\n'


# -- Other private names ------------------------------------------------------


def test_check_raises_for_each_code_but_zero():
    assert jack._check(0, 'it') is None
    for code in -1, 17:
        with pytest.raises(jack.JackErrorCode, match=f'it .*{code}') as e:
            jack._check(code, 'it')
        assert e.value.code == code


def test_c_pointers_can_be_given_to_libjack_and_come_back(
    make_client, active_client
):
    mine = active_client.midi_outports.register('mine')
    other = make_client()
    found = jack._lib.jack_port_by_name(other._ptr, mine.name.encode())
    assert type(other._wrap_port_ptr(found)) is jack.MidiPort
    assert other._wrap_port_ptr(found) == mine
    assert active_client._wrap_port_ptr(mine._ptr) is mine
    ring = jack.RingBuffer(100)
    ring.write(b'abc')
    assert jack._lib.jack_ringbuffer_read_space(ring._ptr) == 3


def test_a_c_callback_lives_as_long_as_its_client(
    active_client, make_client, events
):
    watcher = make_client()

    @watcher._callback('JackPortRegistrationCallback')
    def registered(port_id, register, arg):
        events.put(bool(register))

    code = jack._lib.jack_set_port_registration_callback(
        watcher._ptr, registered, jack._ffi.NULL
    )
    assert code == 0
    del registered
    gc.collect()
    watcher.activate()
    active_client.inports.register('new')
    events.wait_for(lambda register: register)


# -- What programs do ---------------------------------------------------------


def test_a_midi_event_can_be_sent_over_a_socket(active_client, wait_until):
    source = active_client.midi_outports.register('source')
    target = active_client.midi_inports.register('target')
    here, there = socket.socketpair(type=socket.SOCK_DGRAM)
    active_client.deactivate()

    @active_client.set_process_callback
    def process(frames):
        source.clear_buffer()
        source.write_midi_event(0, (0x90, 60, 100))
        for _, event in target.incoming_midi_events():
            here.send(event, socket.MSG_DONTWAIT)

    with here, there, active_client:
        active_client.connect(source, target)
        there.settimeout(5)
        assert there.recv(100) == bytes((0x90, 60, 100))
        # Let nobody send into a socket that is closed.
        active_client.deactivate()
    assert active_client.closed


def test_a_port_can_be_registered_while_cycles_run(client, wait_until):
    sizes = []

    @client.set_process_callback
    def process(frames):
        sizes.extend(len(port.get_buffer()) for port in client.inports)

    with client:
        client.inports.register('late')
        wait_until(lambda: sizes)
        assert sizes[0] == 4 * client.blocksize
    assert client.last_exception is None


def test_the_shutdown_callback_may_deactivate(make_server, run_python):
    server = make_server()
    run_python(
        """
        import os
        import signal
        import sys
        import threading
        import jack

        client = jack.Client('deactivating')
        client.set_process_callback(lambda frames: None)
        done = threading.Event()

        @client.set_shutdown_callback
        def shutdown(status, reason):
            client.deactivate()
            client.deactivate()
            done.set()

        client.activate()
        os.kill(int(sys.argv[1]), signal.SIGKILL)
        assert done.wait(5)
        client.close()
        assert client.last_exception is None
        """,
        server.pid,
        server=server,
    )
