"""Clients inside of the server's process, made and found from Python."""

import pytest

import jack

# What jackd2 ships that runs without any hardware, with the ports that each
# has in the beginning.
MODULES = {
    'inprocess': {'input', 'output'},
    'netmanager': set(),
    'profiler': set(),
}


needs = pytest.mark.needs('internal clients')


@pytest.fixture
def load(client, make_client):
    """Return load_internal_client(); the clients go after the test."""
    loaded = []
    cleaner = make_client()

    def load(*args, **kwargs):
        internal = client.load_internal_client(*args, **kwargs)
        loaded.append(internal.name)
        return internal

    yield load
    for name in loaded:
        # The server would wait for them when it ends.
        try:
            left = cleaner.get_internal_client(name)
        except jack.JackError:
            continue
        left.unload()


def ports_of(server, name):
    """The short names of a client's ports, as JACK's own program sees them."""
    lines = server.run(['jack_lsp']).stdout.splitlines()
    pairs = (line.partition(':') for line in lines)
    return {port for client, _, port in pairs if client == name}


def unload_elsewhere(server, wait_until, name):
    """Have JACK's own program unload a client.

    jack_unload 1.9.21 hangs in about one of thirty runs when its work is
    done: it closes while it is told of the very client's end, and waits for
    a lock whose owner it has cancelled.
    """
    program = server.popen(['jack_unload', name])
    wait_until(lambda: ports_of(server, name) == set())
    program.kill()
    program.communicate()


@needs
@pytest.mark.parametrize('module', MODULES)
def test_a_module_can_be_loaded_and_unloaded(server, client, load, module):
    internal = load('guest', module)
    assert type(internal) is jack.InternalClient
    assert internal.name == 'guest'
    # The name is taken now, on the whole server.
    with pytest.raises(jack.JackOpenError):
        jack.Client('guest', use_exact_name=True)
    assert ports_of(server, 'guest') == MODULES[module]
    assert internal.unload() is None
    jack.Client('guest', use_exact_name=True).close()
    assert ports_of(server, 'guest') == set()


@needs
def test_the_module_gets_its_arguments(server, load):
    # The profiler has no ports without them.
    internal = load('guest', 'profiler', '-c -p')
    assert ports_of(server, 'guest') == {'cpu_load', 'driver_period'}
    internal.unload()
    load('guest', 'profiler', init='-e')
    assert any('end_time' in port for port in ports_of(server, 'guest'))


@needs
def test_audio_runs_through_an_internal_client(
    client, load, wait_until, server
):
    output = client.outports.register('out')
    input_ = client.inports.register('in')
    received = []

    @client.set_process_callback
    def process(frames):
        output.get_buffer()[:] = b'\x00\x00\x80\x3f' * frames
        received.append(set(memoryview(input_.get_buffer()).cast('f')))

    with client:
        load('guest', 'inprocess')
        for port in client.get_ports('^guest:'):
            for other in client.get_all_connections(port):
                ends = (port, other) if port.is_output else (other, port)
                client.disconnect(*ends)
        client.connect(output, 'guest:input')
        client.connect('guest:output', input_)
        wait_until(lambda: received and received[-1] == {1.0})
        client.get_internal_client('guest').unload()
        wait_until(lambda: received[-1] == {0.0})


@needs
def test_a_second_one_of_a_name_gets_another_name(server, load):
    first, second = load('guest', 'inprocess'), load('guest', 'inprocess')
    assert first.name == 'guest'
    assert second.name.startswith('guest-')
    for internal in first, second:
        assert ports_of(server, internal.name) == MODULES['inprocess']
    first.unload()
    assert ports_of(server, first.name) == set()
    assert ports_of(server, second.name) == MODULES['inprocess']


@needs
def test_an_internal_client_is_found_by_its_name(server, client, load):
    internal = load('guest', 'inprocess')
    found = client.get_internal_client('guest')
    assert type(found) is jack.InternalClient
    assert found.name == internal.name
    found.unload()
    assert ports_of(server, 'guest') == set()
    with pytest.raises(jack.JackError, match='guest'):
        client.get_internal_client('guest')


@needs
def test_what_another_program_has_loaded_can_be_unloaded(server, client):
    server.run(['jack_load', 'guest', 'inprocess'])
    assert ports_of(server, 'guest') == MODULES['inprocess']
    client.get_internal_client('guest').unload()
    assert ports_of(server, 'guest') == set()


@needs
def test_another_program_can_unload_what_was_loaded(
    server, load, wait_until
):
    internal = load('guest', 'inprocess')
    unload_elsewhere(server, wait_until, 'guest')
    with pytest.raises(jack.JackError, match='guest'):
        internal.unload()
    assert internal.name == 'guest'


@needs
def test_a_stale_object_does_not_unload_another_client(
    server, load, wait_until
):
    stale = load('guest', 'inprocess')
    unload_elsewhere(server, wait_until, 'guest')
    # JACK 2 gives the number of the first one to the next.
    load('other', 'inprocess')
    with pytest.raises(jack.JackError, match='guest'):
        stale.unload()
    assert ports_of(server, 'other') == MODULES['inprocess']


@needs
def test_unloading_twice_is_an_error(load):
    internal = load('guest', 'profiler')
    internal.unload()
    with pytest.raises(jack.JackError, match='guest'):
        internal.unload()
    assert internal.name == 'guest'
    assert repr(internal) == "<jack.InternalClient 'guest' unloaded>"


@needs
def test_it_lives_on_when_its_client_has_closed(server, client, make_client):
    other = make_client()
    internal = other.load_internal_client('guest', 'inprocess')
    other.close()
    assert ports_of(server, 'guest') == MODULES['inprocess']
    with pytest.raises(jack.JackError, match='closed'):
        internal.unload()
    client.get_internal_client('guest').unload()


@needs
def test_repr_shows_the_name(load):
    assert repr(load('guest', 'profiler')) == "<jack.InternalClient 'guest'>"


# -- Errors -------------------------------------------------------------------


@pytest.mark.needs('reasons why there is no internal client')
@pytest.mark.parametrize(
    'module',
    ['no-such-module', '../../x', '/etc/passwd', 'm' * 300],
    ids=lambda name: name[:20],
)
def test_an_unknown_module_is_an_error_that_names_it(server, client, module):
    with pytest.raises(jack.JackError, match="'guest'.*failure") as caught:
        client.load_internal_client('guest', module)
    assert repr(module) in str(caught.value)
    assert server.alive()
    with pytest.raises(jack.JackError):
        client.get_internal_client('guest')


def test_a_name_that_is_too_long_is_an_error_that_says_so(client, capfd):
    name = 'n' * jack.client_name_size()
    with pytest.raises((jack.JackError, ValueError), match='too long|at most'):
        client.load_internal_client(name, 'profiler')


@pytest.mark.needs('reasons why there is no internal client')
@pytest.mark.parametrize('name', ['nobody', 'system', 'an ordinary client'])
def test_other_clients_are_not_found(server, client, make_client, name):
    make_client('an ordinary client')
    with pytest.raises(jack.JackError, match=f'{name}.*no_such_client'):
        client.get_internal_client(name)
    assert server.alive()


@needs
def test_arguments_that_are_too_long_are_a_value_error(server, client, load):
    with pytest.raises(ValueError, match='init'):
        client.load_internal_client('guest', 'profiler', '-' * 1024)
    longest = '-c' + ' -c' * 340
    assert len(longest) == 1022
    load('guest', 'profiler', longest)
    assert ports_of(server, 'guest') == {'cpu_load'}


@needs
def test_arguments_that_jack_2_falls_over_do_not_reach_it(
    make_server, run_python
):
    # The parser in its modules ends the whole server on a blank at the end,
    # on a quote without a second one after taking all the memory, and on an
    # argument that is empty, or a dash that quotes make one by itself.
    server = make_server()
    run_python(
        """
        import jack

        client = jack.Client('loader')
        for init, ports in (
            ('-c ', 1), (' ', 0), ('  -c  ', 1), ('-', 0), ('x- "x" -', 0),
            ('" " "x"" -""--"-', 0), ('x-"-c"', 1),
        ):
            guest = client.load_internal_client('guest', 'profiler', init)
            assert len(client.get_ports('^guest:')) == ports
            guest.unload()
        for init in (
            '"', '-c "x', '"a" "', '""', '"-"', '-c "-" x', 'x"" x', '-"x"',
            '"x" -"x"', '"x"-"x"',
        ):
            try:
                client.load_internal_client('guest', 'profiler', init)
            except ValueError as e:
                assert 'init' in str(e)
            else:
                raise SystemExit(f'{init} was accepted')
        client.close()
        """,
        server=server,
    )
    assert server.alive(), server.log()


@needs
def test_the_end_of_the_server_while_it_loads_is_an_error_that_says_so(
    make_server, run_python
):
    server = make_server()
    child = run_python(
        """
        import os
        import signal
        import sys
        import threading
        import jack
        from tests.servers import freeze

        server = int(sys.argv[1])
        client = jack.Client('loader')
        freeze(server)
        killer = threading.Timer(0.1, os.kill, (server, signal.SIGKILL))
        killer.start()
        try:
            client.load_internal_client('guest', 'profiler')
        except jack.JackError as e:
            print(e)
        client.close()
        """,
        server.pid,
        server=server,
    )
    assert 'no reason' in child.stdout


@pytest.mark.parametrize(
    ('args', 'error'),
    [
        (('', 'profiler'), ValueError),
        (('guest', ''), ValueError),
        (('a\0b', 'profiler'), ValueError),
        (('guest', 'a\0b'), ValueError),
        (('guest', 'profiler', 'a\0b'), ValueError),
        ((None, 'profiler'), TypeError),
        (('guest', b'profiler'), TypeError),
        (('guest', 'profiler', None), TypeError),
    ],
    ids=repr,
)
def test_arguments_of_a_wrong_kind_are_refused(client, args, error):
    with pytest.raises(error):
        client.load_internal_client(*args)


def test_a_closed_client_loads_nothing(make_client):
    client = make_client()
    client.close()
    with pytest.raises(jack.JackError, match='closed'):
        client.load_internal_client('guest', 'profiler')
    with pytest.raises(jack.JackError, match='closed'):
        client.get_internal_client('guest')
