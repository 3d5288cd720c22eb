"""Clients: opening, life and end; what they know of the server."""

import inspect
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import types

import pytest

import jack


@pytest.fixture(scope='session')
def longest_name(lacks):
    # Of JACK 2, where client_name_size() promises more than it keeps.
    return 'x' * (32 if lacks('client names of more than 32 bytes') else 63)


# -- Opening ------------------------------------------------------------------


def test_client_gets_the_name_it_asks_for(make_client, server):
    client = make_client('somebody')
    client.activate()
    port = client.inports.register('in')
    assert client.name == 'somebody'
    assert port.name == 'somebody:in'
    assert 'somebody:in' in server.run(['jack_lsp']).stdout.splitlines()


@pytest.mark.parametrize(
    'name',
    ['n', 'two words', 'Zoë 🎺'],
    ids=['one-letter', 'space', 'unicode'],
)
def test_client_can_have_the_name(make_client, name):
    client = make_client(name)
    assert client.name == name
    assert not client.status.name_not_unique


def test_a_name_may_be_long(make_client, longest_name):
    client = make_client(longest_name)
    assert client.name == longest_name
    assert not client.status.name_not_unique


@pytest.mark.needs('client names of more than 32 bytes')
def test_a_name_may_have_33_bytes(make_client):
    assert make_client('x' * 33).name == 'x' * 33


@pytest.mark.needs('names of one client each')
def test_second_client_of_a_name_gets_a_number(make_client, lacks):
    make_client('twin')
    second, third = make_client('twin'), make_client('twin')
    assert second.status.name_not_unique
    assert not second.status.failure
    numbers = [client.name.partition('twin-')[2] for client in (second, third)]
    if lacks('clients numbered from 01 to 99'):
        # PipeWire gives the numbers of objects that are gone again.
        assert len({int(number) for number in numbers}) == 2
    else:
        assert numbers == ['01', '02']


@pytest.mark.needs('clients numbered from 01 to 99')
def test_numbers_run_out_with_an_error_that_says_so(run_python):
    out = run_python("""
        import jack
        clients = []
        try:
            while len(clients) < 120:
                clients.append(jack.Client('crowd'))
        except jack.JackOpenError as e:
            print(len(clients), clients[-1].name)
            print(e)
        """).stdout.splitlines()
    assert out[0] == '100 crowd-99'
    assert 'crowd' in out[1]
    assert '100 clients' in out[1]


def test_exact_name_that_is_free_is_granted(make_client):
    assert make_client('exactly', use_exact_name=True).name == 'exactly'


@pytest.mark.needs('names of one client each')
def test_exact_name_that_is_taken_is_an_error(make_client):
    make_client('taken')
    with pytest.raises(jack.JackOpenError) as info:
        make_client('taken', use_exact_name=True)
    error = info.value
    assert error.name == 'taken'
    assert isinstance(error.status, jack.Status)
    assert error.status.failure
    assert 'taken' in str(error)
    assert 'failure' in str(error)


def test_name_that_is_too_long_is_an_error(make_client):
    name = 'n' * jack.client_name_size()
    with pytest.raises(jack.JackError, match=name):
        make_client(name)


@pytest.mark.parametrize(
    ('name', 'error'),
    [(None, TypeError), (b'bytes', TypeError), ('nu\0ll', ValueError)],
    ids=['none', 'bytes', 'null-character'],
)
def test_name_of_a_wrong_kind_is_refused(server, name, error):
    with pytest.raises(error, match='name'):
        jack.Client(name)


def test_open_error_is_a_jack_error_with_name_and_status():
    error = jack.JackOpenError('me', jack.Status(0x11))
    assert isinstance(error, jack.JackError)
    assert error.name == 'me'
    assert error.status == jack.Status(0x11)
    assert 'me' in str(error)
    assert 'server_failed' in str(error)


def test_absent_server_is_an_error_that_names_the_remedy(run_python, lacks):
    out = run_python("""
        import jack, time
        start = time.monotonic()
        try:
            jack.Client('lonely', servername='nobody-home')
        except jack.JackOpenError as e:
            print(e.name, e.status.failure, e.status.server_failed)
            print(e)
        print(time.monotonic() - start < 2)
        """).stdout.splitlines()
    assert out[0] == 'lonely True True'
    assert 'lonely' in out[1]
    assert 'server_failed' in out[1]
    remedy = 'start pipewire' if lacks('start with jackd') else 'jackd'
    assert remedy in out[1]
    assert out[2] == 'True'


@pytest.fixture
def absent_server(server, tmp_path):
    """A server which is not running, but can be started on demand.

    It would end with its last client.
    """
    absent = type(server)()
    (tmp_path / '.jackdrc').write_text(
        f'{shutil.which(server.program)} -r -d dummy -r 48000 -p 256\n'
    )
    env = {**server.env, 'HOME': str(tmp_path)}
    for name in server.client_env:
        del env[name]
    yield types.SimpleNamespace(
        name=absent.name, socket=absent.socket, env=env
    )
    # JACK 2 ends such a server too early to remove its client's semaphore.
    absent.clean_up()


@pytest.mark.needs('servers that are started on demand')
def test_server_is_started_on_demand(
    run_python, absent_server, tmp_path, wait_until
):
    run_python(
        """
        import jack, pathlib, sys
        client = jack.Client('early', servername=sys.argv[1])
        # The server uses the same stdout.
        pathlib.Path('result').write_text(
            f'{client.status.server_started} {client.status.failure} '
            f'{len(client.get_ports("system:")) > 0}')
        """,
        absent_server.name,
        server=absent_server,
    )
    assert (tmp_path / 'result').read_text() == 'True False True'
    wait_until(
        lambda: not absent_server.socket.exists(),
        message='the server is gone with its only client',
    )


def test_no_start_server_option_starts_none(run_python, absent_server):
    out = run_python(
        """
        import jack, sys, time
        start = time.monotonic()
        try:
            jack.Client('early', no_start_server=True, servername=sys.argv[1])
        except jack.JackOpenError as e:
            print(e.status.server_failed, e.status.server_started)
        print(time.monotonic() - start < 1)
        """,
        absent_server.name,
        server=absent_server,
    ).stdout
    assert out.split() == ['True', 'False', 'True']


def test_servername_selects_the_server(run_python, make_server):
    other = make_server(blocksize=128)
    code = """
        import jack, sys
        with jack.Client('guest', servername=sys.argv[1]) as client:
            print(client.blocksize)
        """
    assert run_python(code, other.servername).stdout == '128\n'


@pytest.mark.parametrize('value', [b'default', 7], ids=['bytes', 'int'])
@pytest.mark.parametrize('option', ['servername', 'session_id'])
def test_option_of_a_wrong_type_is_refused(server, option, value):
    with pytest.raises(TypeError, match=option):
        jack.Client('picky', **{option: value})


@pytest.mark.needs('sessions')
def test_session_id_is_given_to_the_client(make_client, client):
    member = make_client('member', session_id='4294967311')
    # On JACK 1 it may be a name that an earlier test has reserved.
    assert client.get_uuid_for_client_name(member.name) == '4294967311'
    assert client.get_client_name_by_uuid('4294967311') == member.name


@pytest.mark.needs('names of one client each')
def test_client_can_be_opened_again_after_it_failed(make_client):
    first = make_client('wanted')
    client = jack.Client.__new__(jack.Client)
    for _ in range(2):
        with pytest.raises(jack.JackOpenError):
            client.__init__('wanted', use_exact_name=True)
    first.close()
    client.__init__('wanted', use_exact_name=True)
    assert client.name == 'wanted'
    client.close()


def test_busy_threads_delay_the_opening_but_do_not_prevent_it(run_python):
    # Each of some thirty steps may wait for all of them, 5 ms each.
    child = run_python(
        """
        import threading
        import jack

        over = False

        def compute():
            while not over:
                pass

        for _ in range(30):
            threading.Thread(target=compute).start()
        try:
            client = jack.Client('patient')
        finally:
            over = True
        client.close()
        """,
        timeout=60,
    )
    assert child.stderr == ''


def test_program_can_loop_until_a_server_is_there(make_server):
    server = make_server()
    server.stop()
    child = server.popen(
        [
            sys.executable,
            '-c',
            """if True:
            import jack, time
            client = jack.Client.__new__(jack.Client)
            for attempt in range(1000):
                try:
                    client.__init__('patient')
                except jack.JackOpenError:
                    if attempt == 1:
                        print('no server', flush=True)
                    time.sleep(0.02)
                else:
                    break
            print(client.name, client.samplerate)
            """,
        ],
        stderr=subprocess.DEVNULL,
        env={**server.env, 'PYTHONPATH': os.path.dirname(jack.__file__)},
    )
    assert child.stdout.readline() == 'no server\n'
    server.start()
    out, _ = child.communicate(timeout=20)
    assert out == f'patient {server.samplerate}\n'


def test_client_can_be_subclassed_and_given_attributes(make_client):
    class Mixer(jack.Client):
        def __init__(self, name, gain):
            super().__init__(name)
            self.gain = gain

    client = make_client('mixer', cls=Mixer, gain=0.5)
    client.anything = ['at', 'all']
    assert client.gain == 0.5
    assert client.anything == ['at', 'all']
    assert client.name == 'mixer'


def test_subclass_may_have_attributes_that_are_called_as_later_members(
    make_client,
):
    class Mixer(jack.Client):
        closed = True

        def __init__(self, name):
            self.active = 'no'
            super().__init__(name)
            self.xrun_count = 7

    client = make_client('mixer', cls=Mixer)
    assert (client.active, client.xrun_count) == ('no', 7)
    del client.xrun_count
    assert client.xrun_count == 0
    with client:
        pass
    with pytest.raises(jack.JackError, match='is closed'):
        client.activate()


def test_later_members_cannot_be_set_by_mistake(client):
    with pytest.raises(AttributeError):
        client.xrun_count = 0
    with pytest.raises(AttributeError):
        del client.xrun_count
    assert client.xrun_count == 0


# -- What it knows ------------------------------------------------------------


@pytest.mark.parametrize(
    'name',
    [
        'name',
        'samplerate',
        'status',
        'realtime',
        'frame_time',
        'frames_since_cycle_start',
        'last_frame_time',
        'inports',
        'transport_state',
    ],
)
def test_attribute_is_read_only(client, name):
    value = getattr(client, name)
    with pytest.raises(AttributeError):
        setattr(client, name, value)


def test_status_tells_that_all_is_well(client):
    status = client.status
    assert isinstance(status, jack.Status)
    assert not status.failure
    assert not status.server_started
    assert not status.name_not_unique
    assert status == jack.Status(0)


def test_samplerate_is_that_of_the_server(client, server):
    assert client.samplerate == server.samplerate
    assert type(client.samplerate) is int
    shown = server.run(['jack_samplerate']).stdout
    assert int(shown) == client.samplerate


@pytest.fixture
def restored_blocksize(client, server):
    yield client
    client.blocksize = server.blocksize


def test_blocksize_is_that_of_the_server(client, server):
    assert client.blocksize == server.blocksize
    assert type(client.blocksize) is int


@pytest.mark.parametrize('blocksize', [64, 1024])
def test_blocksize_can_be_set(
    restored_blocksize, make_client, server, wait_until, lacks, blocksize
):
    client, other = restored_blocksize, make_client()
    client.activate()
    other.activate()
    client.blocksize = blocksize
    for each in client, other:
        wait_until(lambda each=each: each.blocksize == blocksize)
    if lacks('blocksizes of the server'):
        return
    assert make_client().blocksize == blocksize
    shown = server.run(['jack_bufsize']).stdout
    assert int(shown) == blocksize


@pytest.mark.parametrize(
    ('blocksize', 'error'),
    [
        ('256', TypeError),
        (256.0, TypeError),
        (None, TypeError),
        (0, ValueError),
        (-256, ValueError),
        (2**32, ValueError),
    ],
)
def test_blocksize_of_a_wrong_kind_is_refused(
    client, server, blocksize, error
):
    with pytest.raises(error, match='blocksize'):
        client.blocksize = blocksize
    assert client.blocksize == server.blocksize


@pytest.mark.parametrize(
    'realtime',
    [
        pytest.param(False, marks=pytest.mark.needs('modes of scheduling')),
        True,
    ],
)
def test_realtime_is_the_servers_mode(run_python, make_server, realtime):
    server = make_server(realtime=realtime)
    code = 'import jack; print(jack.Client("asker").realtime)'
    assert run_python(code, server=server).stdout == f'{realtime}\n'


@pytest.mark.parametrize(
    'active',
    [
        pytest.param(
            False, marks=pytest.mark.needs('clocks of inactive clients')
        ),
        True,
    ],
)
def test_frame_time_advances_at_the_samplerate(
    client, make_client, wait_until, active
):
    # PipeWire has cycles while somebody takes part in them.
    beside = client if active else make_client()
    beside.activate()
    wait_until(lambda: client.frame_time, timeout=1)
    start, start_frame = time.monotonic(), client.frame_time
    wait_until(lambda: client.frame_time - start_frame > 9600)
    seconds = (client.frame_time - start_frame) / client.samplerate
    assert type(start_frame) is int
    assert seconds == pytest.approx(time.monotonic() - start, rel=0.25)


def test_last_frame_time_advances_by_whole_blocks(client, events):
    blocksize = client.blocksize

    @client.set_process_callback
    def process(frames):
        events.put(client.last_frame_time, client.frame_time)

    with client:
        start, _ = events.next()
        # After an xrun, a step may have any size.
        steps = 0
        while steps < 20:
            previous, (start, now) = start, events.next()
            steps += start == previous + blocksize
            assert type(start) is int
            assert previous <= start
            # The other time is estimated, from the cycles of the past.
            assert now == pytest.approx(start, abs=client.samplerate / 2)


def test_frames_since_cycle_start_is_within_the_cycle(client, events):
    @client.set_process_callback
    def process(frames):
        a = client.frames_since_cycle_start
        b = client.frames_since_cycle_start
        events.put(a, b)

    with client:
        blocksize = client.blocksize
        pairs = [events.next() for _ in range(20)]
    assert all(type(a) is int for a, _ in pairs)
    assert all(0 <= a <= b for a, b in pairs)
    assert min(a for a, _ in pairs) < blocksize


def test_cpu_load_is_a_percentage(client):
    load = client.cpu_load()
    assert type(load) is float
    assert 0 <= load <= 100


def test_cpu_load_rises_with_the_work_done(client, wait_until):
    block = client.blocksize / client.samplerate

    @client.set_process_callback
    def process(frames):
        end = time.monotonic() + block / 2
        while time.monotonic() < end:
            pass

    with client:
        wait_until(lambda: client.cpu_load() > 15, timeout=10)


def test_owns_tells_own_ports_from_others(make_client):
    one, other = make_client(), make_client()
    port = one.midi_outports.register('out')
    one.activate()
    assert one.owns(port) is True
    assert one.owns(port.name) is True
    assert other.owns(port.name) is False
    assert other.owns(other.get_port_by_name(port.name)) is False
    assert one.owns('system:capture_1') is False


def test_owns_refuses_other_types(client):
    with pytest.raises(TypeError):
        client.owns(7)


def test_uuid_and_name_lead_to_each_other(make_client, client):
    other = make_client('with-uuid')
    uuid = client.get_uuid_for_client_name('with-uuid')
    assert type(uuid) is str
    assert int(uuid) > 0
    assert client.get_client_name_by_uuid(uuid) == 'with-uuid'
    assert uuid != client.get_uuid_for_client_name(client.name)
    assert other.name == 'with-uuid'


def test_unknown_client_name_has_no_uuid(client):
    with pytest.raises(jack.JackError, match='nobody'):
        client.get_uuid_for_client_name('nobody')


def test_unknown_uuid_has_no_client_name(client):
    with pytest.raises(jack.JackError, match='123454321'):
        client.get_client_name_by_uuid('123454321')


# -- Activity -----------------------------------------------------------------


def test_activate_lets_the_process_callback_run(client, events):
    client.set_process_callback(events.put)
    assert events.drain() == []
    assert client.activate() is None
    assert events.next() == client.blocksize
    client.deactivate()


def test_deactivate_ends_the_process_callback(client, events, wait_until):
    client.set_process_callback(events.put)
    client.activate()
    events.next()
    assert client.deactivate() is None
    events.drain()
    ten_cycles_on = client.frame_time + 10 * client.blocksize
    wait_until(lambda: client.frame_time > ten_cycles_on)
    assert events.drain() == []


def test_deactivate_takes_the_connections_away(active_client, wait_until):
    port = active_client.inports.register('in')
    port.connect('system:capture_1')
    wait_until(lambda: port.connections)
    active_client.deactivate()
    wait_until(
        lambda: not active_client.get_all_connections('system:capture_1')
    )


def test_activation_can_be_repeated_and_alternated(client, events):
    client.set_process_callback(events.put)
    for _ in range(3):
        client.activate()
        client.activate()
        events.drain()
        events.next()
        client.deactivate()
        client.deactivate()


def test_active_and_closed_tell_the_state(make_client):
    client = make_client()
    assert (client.active, client.closed) == (False, False)
    client.activate()
    assert (client.active, client.closed) == (True, False)
    client.deactivate()
    assert (client.active, client.closed) == (False, False)
    client.close()
    assert (client.active, client.closed) == (False, True)


# -- The end ------------------------------------------------------------------


def test_with_statement_activates_and_closes(make_client, server):
    client = make_client('within')
    client.inports.register('in')
    with client as same:
        assert same is client
        assert client.active
        client.connect('system:capture_1', 'within:in')
    assert client.closed
    assert 'within' not in server.run(['jack_lsp']).stdout


def test_with_statement_closes_after_an_exception(make_client):
    client = make_client()
    with pytest.raises(ZeroDivisionError), client:
        1 / 0  # noqa: B018
    assert client.closed


def test_with_statement_may_be_left_with_the_client_closed(make_client):
    client = make_client()
    with client:
        client.close()
    assert client.closed


def test_close_makes_the_client_vanish(
    make_client, client, lacks, wait_until
):
    other = make_client('short-lived')
    other.inports.register('in')
    other.activate()
    assert client.get_ports('short-lived')
    assert other.close() is None
    if lacks('news of other clients at once'):
        wait_until(lambda: client.get_ports('short-lived') == [])
    assert client.get_ports('short-lived') == []
    assert make_client('short-lived').name == 'short-lived'


def test_close_can_be_called_twice(make_client):
    client = make_client()
    client.close()
    client.close()
    client.close(ignore_errors=False)


def test_close_without_ignored_errors_succeeds(make_client):
    client = make_client()
    client.activate()
    client.deactivate(ignore_errors=False)
    client.close(ignore_errors=False)


def test_repr_never_raises(make_client):
    client = make_client('visible')
    assert 'visible' in repr(client)
    client.close()
    assert 'visible' in repr(client)


# What every parameter of a client's methods is given, once it is closed.
ARGUMENTS = {
    'callback': lambda *args: None,
    'change': 0,
    'conditional': False,
    'destination': 'system:playback_1',
    'frame': 0,
    'frames': 0,
    'id': 1,
    'init': '',
    'key': 'key',
    'library': 'inprocess',
    'name': 'name',
    'event': jack.SessionEvent.__new__(jack.SessionEvent),
    'is_output': True,
    'onoff': False,
    'path': '/tmp/',
    'porttype': '8 bit raw midi',
    'shortname': 'short',
    'type': 1,
    'port': 'system:capture_1',
    'position': None,
    'source': 'system:capture_1',
    'status': 0,
    'subject': 1,
    'timeout': 1000,
    'usecs': 0,
    'uuid': '1',
    'value': 'value',
}
# They tell of the state of a client that is closed, or ask for it.
ALWAYS = {
    'active',
    'close',
    'closed',
    'deactivate',
    'last_exception',
    'xrun_count',
}


def members(cls):
    return sorted(
        name
        for name, value in inspect.getmembers(cls)
        if not name.startswith('_') and name not in ALWAYS
    )


def use(obj, name):
    """Get the property, or call the method with acceptable arguments."""
    member = getattr(obj, name)
    if not inspect.ismethod(member):
        return member
    parameters = inspect.signature(member).parameters.values()
    if name == 'transport_reposition_struct':
        return member(jack._ffi.new('jack_position_t *'))
    result = member(
        *(
            ARGUMENTS[p.name]
            for p in parameters
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        )
    )
    return list(result) if inspect.isgenerator(result) else result


@pytest.mark.parametrize('name', members(jack.Client))
def test_member_of_a_closed_client_says_that_it_is_closed(make_client, name):
    client = make_client('gone')
    client.close()
    with pytest.raises(jack.JackError, match='gone.*closed'):
        use(client, name)


@pytest.mark.parametrize(
    'name',
    [
        name
        for name in members(jack.Client)
        if getattr(inspect.getattr_static(jack.Client, name), 'fset', None)
    ],
)
def test_setter_of_a_closed_client_says_that_it_is_closed(make_client, name):
    client = make_client('gone')
    client.close()
    with pytest.raises(jack.JackError, match='gone.*closed'):
        setattr(client, name, 256)


def test_ports_of_a_closed_client_say_that_it_is_closed(make_client):
    client = make_client('gone')
    inports = client.inports
    inports.register('in')
    client.close()
    with pytest.raises(jack.JackError, match='gone.*closed'):
        inports.register('another')
    with pytest.raises(jack.JackError, match='gone.*closed'):
        inports.clear()
    assert isinstance(repr(inports), str)


def test_thread_of_the_program_can_close(make_client, run_python):
    run_python("""
        import jack, threading
        client = jack.Client('handed-over')
        client.set_process_callback(lambda frames: None)
        client.activate()
        thread = threading.Thread(target=client.close)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        assert client.closed
        """)


# -- Module functions ---------------------------------------------------------


@pytest.mark.needs('version and process numbers')
def test_version_is_four_ints():
    version = jack.version()
    assert type(version) is tuple
    assert len(version) == 4
    assert {type(number) for number in version} == {int}


@pytest.mark.needs('version and process numbers')
def test_version_string_is_that_of_the_server(server):
    text = jack.version_string()
    assert type(text) is str
    shown = server.run([server.program, '--version'], check=False).stdout
    assert re.findall(r'\d+\.\d+\.\d+', text)[-1] in shown.split()


def test_name_sizes_hold_the_longest_names(make_client, longest_name):
    assert type(jack.client_name_size()) is int
    assert type(jack.port_name_size()) is int
    assert jack.client_name_size() > len(longest_name)
    # A port's name is made of the client's, a colon and its own.
    assert jack.port_name_size() > jack.client_name_size() + 1


@pytest.mark.needs('version and process numbers')
def test_pid_of_a_client_is_its_process_or_unknown(make_client, capfd):
    client = make_client()
    capfd.readouterr()
    assert jack.client_pid(client.name) in {0, os.getpid()}
    assert type(jack.client_pid(client.name)) is int
    assert capfd.readouterr() == ('', '')


@pytest.mark.needs('version and process numbers')
def test_pid_of_nobody_is_zero(server):
    assert jack.client_pid('nobody') == 0


@pytest.mark.parametrize(
    'call',
    [
        'client_name_size()',
        'port_name_size()',
        *(
            pytest.param(
                call, marks=pytest.mark.needs('version and process numbers')
            )
            for call in ('version()', 'version_string()', 'client_pid("x")')
        ),
    ],
)
def test_function_needs_no_client(run_python, call):
    # JACK 2 sets some things up when the first client is opened.
    assert run_python(f'import jack; print(jack.{call})').stdout.strip()


def test_get_time_without_any_client_is_an_error_or_a_time(run_python):
    out = run_python("""
        import jack
        try:
            assert jack.get_time() > 0
        except jack.JackError as e:
            assert 'client' in str(e)
        """).stdout
    assert out == ''


def test_get_time_counts_microseconds(wait_until):
    start, start_time = time.monotonic(), jack.get_time()
    assert type(start_time) is int
    wait_until(lambda: jack.get_time() - start_time > 20_000)
    elapsed = time.monotonic() - start
    assert (jack.get_time() - start_time) / 1e6 == pytest.approx(
        elapsed, rel=0.2
    )


# -- Messages -----------------------------------------------------------------


@pytest.fixture
def provoke(make_client):
    """Return a function that makes libjack complain."""
    taken = make_client()

    def function():
        with pytest.raises(jack.JackOpenError):
            jack.Client(taken.name, use_exact_name=True)

    return function


@pytest.mark.needs('messages of libjack')
def test_error_function_gets_libjacks_messages(provoke, events, capfd):
    assert jack.set_error_function(events.put) in {None, events.put}
    provoke()
    message = events.next()
    assert type(message) is str
    assert message == message.strip() != ''
    assert capfd.readouterr().err == ''


@pytest.mark.needs('messages of libjack')
def test_error_function_none_restores_stderr(provoke, events, capfd):
    jack.set_error_function(events.put)
    jack.set_error_function(None)
    provoke()
    assert capfd.readouterr().err != ''
    assert events.drain() == []


@pytest.mark.needs('messages of libjack')
def test_error_function_is_none_by_default(provoke, events, capfd):
    jack.set_error_function(events.put)
    jack.set_error_function()
    provoke()
    assert capfd.readouterr().err != ''
    assert events.drain() == []


@pytest.mark.needs('messages of libjack')
def test_error_function_set_by_two_threads_loses_no_message(
    provoke, events, capfd, monkeypatch
):
    real = jack._lib.jack_set_error_function

    def interrupted(function):
        monkeypatch.setattr(jack._lib, 'jack_set_error_function', real)
        thread = threading.Thread(target=jack.set_error_function)
        thread.start()
        thread.join(5)
        real(function)

    monkeypatch.setattr(jack._lib, 'jack_set_error_function', interrupted)
    jack.set_error_function(events.put)
    provoke()
    assert events.drain() or capfd.readouterr().err


@pytest.mark.needs('messages of libjack')
def test_error_function_may_be_a_loggers_method(provoke, caplog):
    jack.set_error_function(logging.getLogger('jack-test').warning)
    provoke()
    assert caplog.record_tuples[0][:2] == ('jack-test', logging.WARNING)


@pytest.mark.needs('messages of libjack')
def test_error_function_that_raises_does_no_harm(provoke, capfd):
    def broken(message):
        raise RuntimeError('not my day')

    jack.set_error_function(broken)
    provoke()
    assert 'not my day' in capfd.readouterr().err


@pytest.mark.needs('messages of libjack')
@pytest.mark.needs('news from libjack')
def test_info_function_gets_libjacks_messages(run_python, make_server):
    # Clients are as talkative as their server.
    child = run_python(
        """
        import jack
        seen = []
        jack.set_info_function(seen.append)
        client = jack.Client('curious')
        jack.set_info_function(None)
        assert {type(message) for message in seen} == {str}
        assert any('JackClient' in message for message in seen), seen
        heard = len(seen)
        client.close()
        assert len(seen) == heard
        """,
        server=make_server(args=['-v']),
    )
    # What came before and after.
    assert 'JackClient::Close' in child.stdout + child.stderr


@pytest.mark.needs('messages of libjack')
def test_message_functions_can_be_exchanged_while_messages_come(run_python):
    run_python(
        """
        import contextlib
        import threading
        import jack

        def provoke():
            while not enough:
                with contextlib.suppress(jack.JackOpenError):
                    jack.Client('talker', use_exact_name=True)

        client = jack.Client('talker')
        enough = []
        thread = threading.Thread(target=provoke, daemon=True)
        thread.start()
        for _ in range(300):
            heard = threading.Event()
            jack.set_error_function(lambda _, heard=heard: heard.set())
            assert heard.wait(5)
        enough.append(True)
        thread.join()
        client.close()
        """
    )


@pytest.mark.parametrize(
    'setter', [jack.set_error_function, jack.set_info_function]
)
def test_message_function_has_to_be_callable(setter):
    with pytest.raises(TypeError):
        setter('print')
