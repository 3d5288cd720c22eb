"""Ports: registering them, what they are, and finding them."""

import collections
import contextlib
import re
import threading
import time

import pytest
from peers import Cycle

import jack

LISTS = ['inports', 'outports', 'midi_inports', 'midi_outports']
AUDIO = '32 bit float mono audio'
MIDI = '8 bit raw midi'
# The physical ports of the dummy driver.
SYSTEM = [
    'system:capture_1',
    'system:capture_2',
    'system:playback_1',
    'system:playback_2',
]


def names(ports):
    return [port.name for port in ports]


@pytest.fixture(params=LISTS)
def ports(request, client):
    """Each of a client's four lists in turn."""
    return getattr(client, request.param)


@pytest.fixture
def own(client):
    """One own port of each kind, by the name of its list."""
    return {
        name: getattr(client, name).register(f'my {name}') for name in LISTS
    }



# -- The lists of own ports ---------------------------------------------------


def test_lists_are_empty_in_the_beginning(ports):
    assert isinstance(ports, jack.Ports)
    assert len(ports) == 0
    assert list(ports) == []
    assert not ports
    assert repr(ports) == '[]'


def test_list_holds_registered_ports_in_order(ports):
    one, two, three = (ports.register(name) for name in 'cab')
    assert len(ports) == 3
    assert list(ports) == [one, two, three]
    assert ports[0] == one
    assert ports[-1] == three
    assert ports[1:] == [two, three]
    assert ports[::-1] == [three, two, one]
    assert list(reversed(ports)) == [three, two, one]


def test_list_tells_what_is_in_it(ports, make_client):
    port = ports.register('port')
    other = make_client().inports.register('port')
    assert port in ports
    assert other not in ports
    assert port.name not in ports


def test_list_looks_like_a_list(ports, client):
    ports.register('a')
    ports.register('b')
    assert repr(ports) == repr(list(ports))
    assert f"('{client.name}:a'), jack." in repr(ports)


@pytest.mark.parametrize('index', [1, -2, 99])
def test_index_beyond_the_end_is_an_index_error(ports, index):
    ports.register('a')
    with pytest.raises(IndexError):
        ports[index]


def test_list_cannot_be_changed_by_hand(ports):
    port = ports.register('a')
    with pytest.raises(TypeError):
        ports[0] = port
    with pytest.raises(TypeError):
        del ports[0]
    assert not hasattr(ports, 'append')


def test_each_port_is_in_the_list_of_its_kind_only(client, own):
    for name in LISTS:
        assert list(getattr(client, name)) == [own[name]]


def test_lists_of_two_clients_are_separate(make_client):
    one, two = make_client(), make_client()
    port = one.inports.register('in')
    assert len(two.inports) == 0
    assert two.inports.register('in') != port


# -- Registering --------------------------------------------------------------


@pytest.mark.parametrize(
    ('kind', 'cls', 'is_midi', 'is_input'),
    [
        ('inports', jack.OwnPort, False, True),
        ('outports', jack.OwnPort, False, False),
        ('midi_inports', jack.OwnMidiPort, True, True),
        ('midi_outports', jack.OwnMidiPort, True, False),
    ],
)
def test_registered_port_is_what_its_list_says(
    client, make_client, kind, cls, is_midi, is_input
):
    port = getattr(client, kind).register('new')
    client.activate()
    seen = make_client().get_port_by_name(f'{client.name}:new')
    assert type(port) is cls
    for handle in port, seen:
        assert handle.name == f'{client.name}:new'
        assert handle.shortname == 'new'
        assert handle.is_audio is not is_midi
        assert handle.is_midi is is_midi
        assert handle.is_input is is_input
        assert handle.is_output is not is_input
        assert handle.is_terminal is False
        assert handle.is_physical is False
        assert handle.can_monitor is False
        assert handle.type == (MIDI if is_midi else AUDIO)


@pytest.mark.parametrize('is_physical', [False, True])
@pytest.mark.parametrize('is_terminal', [False, True])
def test_port_can_be_registered_with_flags(
    client, ports, make_client, is_terminal, is_physical
):
    client.activate()
    port = ports.register('flagged', is_terminal, is_physical)
    seen = make_client().get_port_by_name(port.name)
    for handle in port, seen:
        assert handle.is_terminal is is_terminal
        assert handle.is_physical is is_physical


def test_flags_can_be_given_by_name(ports):
    port = ports.register(shortname='by name', is_physical=True)
    assert port.is_physical
    assert not port.is_terminal


def test_flags_are_seen_by_another_process(client, server):
    port = client.outports.register('flagged', is_terminal=True)
    client.activate()
    shown = server.run(['jack_lsp', '-p', port.name]).stdout
    assert shown.split('properties:')[1].strip() == 'output,terminal,'


def test_registration_is_announced(ports, client, make_client, events):
    watcher = make_client()
    watcher.set_port_registration_callback(
        lambda port, register: events.put(port.name, register)
    )
    watcher.activate()
    # Nobody is told of an inactive client's ports.
    client.activate()
    name = ports.register('new').name
    assert events.next() == (name, True)
    ports.clear()
    assert events.next() == (name, False)


@pytest.mark.parametrize('active', [False, True])
def test_port_can_be_registered_before_and_after_activation(client, active):
    if active:
        client.activate()
    port = client.inports.register('late')
    assert client.get_port_by_name(port.name) == port


def test_name_that_is_taken_is_refused(client):
    client.inports.register('one')
    for name in LISTS:
        ports = getattr(client, name)
        length = len(ports)
        with pytest.raises(jack.JackError, match='one'):
            ports.register('one')
        assert len(ports) == length


def test_two_clients_may_use_the_same_short_name(make_client):
    names = {
        make_client().outports.register('out').shortname for _ in range(2)
    }
    assert names == {'out'}


@pytest.mark.parametrize('length', [200, 255, 256, 257, 300, 320])
def test_long_name_is_kept_or_refused_but_never_cut(client, length):
    shortname = 'n' * (length - len(f'{client.name}:'))
    try:
        port = client.inports.register(shortname)
    except jack.JackError:
        # JACK 2 has room for 256 bytes, JACK 1 for one less.
        assert length > 255
        assert client.get_ports(client.name) == list(client.inports) == []
    else:
        assert port.shortname == shortname
        assert client.get_port_by_name(port.name) is port


def test_name_that_is_too_long_is_refused(ports):
    with pytest.raises(jack.JackError, match='n' * 99):
        ports.register('n' * jack.port_name_size())
    assert len(ports) == 0


@pytest.mark.parametrize(
    ('name', 'error'),
    [
        (None, TypeError),
        (b'bytes', TypeError),
        ('', ValueError),
        ('nu\0ll', ValueError),
    ],
    ids=['none', 'bytes', 'empty', 'null-character'],
)
def test_name_of_a_wrong_kind_is_refused(ports, name, error):
    with pytest.raises(error, match='name'):
        ports.register(name)
    assert len(ports) == 0


@pytest.mark.parametrize('name', ['with space', 'a:b', 'Ohr ƒür Täglich 👂'])
def test_name_may_hold_any_text(client, server, name):
    port = client.inports.register(name)
    assert port.shortname == name
    assert port.name == f'{client.name}:{name}'
    client.activate()
    assert port.name in server.run(['jack_lsp']).stdout.splitlines()


def test_ports_run_out_with_an_error_that_names_the_option(
    run_python, make_server, lacks
):
    its_own = lacks('a limit of ports that can be set')
    out = run_python(
        """
        import jack
        client = jack.Client('greedy')
        try:
            for number in range(1000):
                client.inports.register(f'{number}')
            print('no limit')
        except jack.JackError as e:
            print(e)
            assert len(client.inports) == number, client
        """,
        server=make_server(args=[] if its_own else ['-p', '128']),
    ).stdout
    if not its_own:
        assert '-p' in out


# -- Unregistering ------------------------------------------------------------


def test_unregister_takes_the_port_away(ports, make_client):
    keep, drop = ports.register('keep'), ports.register('drop')
    name = drop.name
    assert drop.unregister() is None
    assert list(ports) == [keep]
    with pytest.raises(jack.JackError, match='drop'):
        make_client().get_port_by_name(name)
    assert ports.register('drop').name == name


def test_clear_takes_all_ports_of_the_list_away(client, own, make_client):
    client.activate()
    client.inports.register('another')
    assert client.inports.clear() is None
    assert list(client.inports) == []
    for each in client, make_client():
        assert {port.name for port in each.get_ports(f'^{client.name}:')} == {
            own[name].name for name in LISTS[1:]
        }
    client.inports.clear()


def test_ports_can_be_cleared_after_deactivation(active_client):
    port = active_client.outports.register('out')
    port.connect('system:playback_1')
    active_client.deactivate()
    active_client.outports.clear()
    assert active_client.get_ports(f'^{active_client.name}:') == []


def test_port_whose_end_was_refused_in_a_callback_can_go_later(client, events):
    port = client.inports.register('port')

    @client.set_port_registration_callback
    def registered(registered_port, register):
        with contextlib.suppress(jack.JackError):
            port.unregister()
        events.put(registered_port.shortname)

    client.activate()
    another = client.inports.register('another')
    events.wait_for(lambda name: name == 'another')
    if port in client.inports:
        port.unregister()
    assert list(client.inports) == [another]
    assert client.get_ports(f'^{client.name}:') == [another]


@pytest.mark.parametrize(
    ('ports', 'use'),
    [
        ('inports', lambda port: port.get_buffer()),
        ('outports', lambda port: port.get_buffer()),
        ('outports', lambda port: port.get_array()),
        ('midi_inports', lambda port: port.incoming_midi_events()),
        ('midi_outports', lambda port: port.clear_buffer()),
        ('midi_outports', lambda port: port.write_midi_event(0, [0xF8])),
        ('midi_outports', lambda port: port.reserve_midi_event(0, 1)),
        ('midi_outports', lambda port: port.max_event_size),
    ],
    ids=[
        'input', 'output', 'array', 'incoming', 'clear', 'write', 'reserve',
        'size',
    ],
)
def test_port_that_goes_within_a_cycle_is_not_used_any_more(
    client, ports, use
):
    if 'get_array' in use.__code__.co_names:
        pytest.importorskip('numpy')
    port = getattr(client, ports).register('going')
    begun = threading.Event()

    def job():
        use(port)
        begun.set()
        # Not for long, as JACK 1 throws out who is late.
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            use(port)
            time.sleep(0.002)

    cycle = Cycle(client)
    with client:
        future = cycle.submit(job)
        assert begun.wait(5)
        port.unregister()
        with pytest.raises(jack.JackError, match='unregistered'):
            future.result(5)
        assert cycle.run(lambda: 'alive') == 'alive'


@pytest.mark.needs('notification of renamed ports')
def test_port_goes_while_libjack_reads_no_notification(client):
    # On JACK 2, who does read them then walks over the ports, and may crash.
    client.activate()
    core = client._core
    found = []

    def unregister(*args):
        found.append(core.inside - {threading.get_ident()})
        return jack._lib._raw.jack_port_unregister(*args)

    end = threading.Event()
    busy = threading.Thread(
        target=lambda: collections.deque(iter(end.is_set, True), maxlen=0)
    )
    busy.start()
    try:
        for number in range(20):
            port = client.inports.register(f'{number}')
            jack._careful_unregister(unregister)(core.ptr, port._ptr)
    finally:
        end.set()
        busy.join()
    assert all(found), found
    assert len(set.union(*found)) == 1


ATTRIBUTES = [
    'name',
    'shortname',
    'uuid',
    'aliases',
    'type',
    'flags',
    'is_input',
    'is_output',
    'is_physical',
    'is_terminal',
    'can_monitor',
    'connections',
    'number_of_connections',
]
CALLS = {
    'connect': ('system:playback_1',),
    'disconnect': (),
    'is_connected_to': ('system:playback_1',),
    'unregister': (),
    'request_monitor': (True,),
    'set_alias': ('alias',),
    'unset_alias': ('alias',),
    'get_buffer': (),
}


def use(port, name):
    member = getattr(port, name)
    return member(*CALLS[name]) if name in CALLS else member


@pytest.mark.parametrize('end', ['unregistered', 'closed'])
@pytest.mark.parametrize('name', [*ATTRIBUTES, *CALLS])
def test_member_of_a_port_that_is_gone_raises(make_client, name, end):
    client = make_client('mother')
    port = client.outports.register('child')
    port.unregister() if end == 'unregistered' else client.close()
    with pytest.raises(jack.JackError, match='mother|child'):
        use(port, name)


def test_shortname_of_a_port_that_is_gone_cannot_be_set(client):
    port = client.outports.register('child')
    port.unregister()
    with pytest.raises(jack.JackError):
        port.shortname = 'revenant'


def test_handle_of_anothers_port_that_is_gone_raises(
    make_client, lacks, wait_until
):
    client, other = make_client(), make_client()
    other.activate()
    gone = other.outports.register('gone')
    handle = client.get_port_by_name(gone.name)
    gone.unregister()
    # The server gives the place of the old port to the new one.
    other.outports.register('successor')
    if lacks('ports at hand that know their end at once'):
        wait_until(lambda: client.get_ports(':gone$') == [])
    with pytest.raises(jack.JackError, match='gone'):
        handle.shortname = 'renamed'
    with pytest.raises(jack.JackError, match='gone'):
        handle.uuid  # noqa: B018
    assert other.outports[0].shortname == 'successor'


@pytest.mark.parametrize('end', ['unregistered', 'closed'])
def test_repr_of_a_port_that_is_gone_does_not_raise(make_client, end):
    client = make_client()
    port = client.outports.register('child')
    port.unregister() if end == 'unregistered' else client.close()
    assert 'child' in repr(port)


# -- What a port is -----------------------------------------------------------


def test_physical_port_says_what_it_is(client, lacks):
    port = client.get_port_by_name('system:capture_1')
    assert type(port) is jack.Port
    assert port.name == 'system:capture_1'
    assert port.shortname == 'capture_1'
    assert port.is_audio is True
    assert port.is_midi is False
    assert port.is_output is True
    assert port.is_input is False
    is_physical = not lacks('flags of ports without hardware')
    assert port.is_physical is is_physical
    assert port.is_terminal is is_physical
    assert port.can_monitor is False


@pytest.mark.parametrize(
    ('kind', 'text'),
    [
        ('inports', "jack.OwnPort('{}:port')"),
        ('midi_outports', "jack.OwnMidiPort('{}:port')"),
    ],
)
def test_repr_names_class_and_port(make_client, kind, text):
    client = make_client()
    port = getattr(client, kind).register('port')
    assert repr(port) == text.format(client.name)
    client.activate()
    seen = make_client().get_port_by_name(port.name)
    assert repr(seen) == text.format(client.name).replace('Own', '')


def test_port_equals_another_handle_of_the_same_port(make_client):
    one, two = make_client(), make_client()
    port = one.inports.register('in')
    one.activate()
    assert one.get_port_by_name(port.name) == port
    handles = {two.get_port_by_name(port.name) for _ in range(3)}
    assert handles == {port}
    assert two.get_ports(f'^{one.name}:') == [port]


def test_port_differs_from_other_ports_and_things(client, own):
    assert len(set(own.values())) == len(own)
    port = own['inports']
    assert port != own['outports']
    assert port != port.name
    assert port is not None
    assert port != 7


def test_port_can_be_a_dictionary_key(make_client):
    one, two = make_client(), make_client()
    port = one.inports.register('in')
    one.activate()
    table = {port: 'mine', two.get_port_by_name('system:capture_1'): 'sys'}
    assert table[two.get_port_by_name(port.name)] == 'mine'
    assert table[one.get_port_by_name('system:capture_1')] == 'sys'


def test_key_remains_the_same_after_a_renaming(client):
    port = client.inports.register('before')
    table = {port: 'value'}
    port.shortname = 'after'
    assert table[port] == 'value'
    assert table[client.get_port_by_name(port.name)] == 'value'


def test_own_port_is_one_object(client):
    port = client.inports.register('in')
    port.note = 'kept'
    assert client.get_port_by_name(port.name) is port
    assert client.inports[0] is port


def test_uuid_is_the_ports_own_number(client, make_client, own):
    client.activate()
    other = make_client()
    uuids = {port.name: port.uuid for port in own.values()}
    assert {type(uuid) for uuid in uuids.values()} == {int}
    assert len(set(uuids.values())) == len(own)
    for name, uuid in uuids.items():
        assert other.get_port_by_name(name).uuid == uuid


def test_uuid_is_what_other_programs_show(client, server):
    port = client.inports.register('in')
    client.activate()
    shown = server.run(['jack_lsp', '-U', port.name]).stdout
    assert str(port.uuid) in shown


@pytest.mark.needs('renamed ports that others see')
def test_shortname_can_be_changed(make_client, server):
    client, other = make_client(), make_client()
    port = client.outports.register('old')
    client.activate()
    handle = other.get_port_by_name(port.name)
    port.shortname = 'new'
    assert port.shortname == 'new'
    assert port.name == f'{client.name}:new'
    assert handle == other.get_port_by_name(f'{client.name}:new')
    shown = server.run(['jack_lsp', client.name]).stdout
    assert shown.split() == [f'{client.name}:new']
    assert list(client.outports) == [port]


def test_port_that_was_told_of_can_tell_what_it_was(
    make_client, events, wait_until
):
    watcher, client = make_client(), make_client()
    watcher.set_port_registration_callback(
        lambda port, register: events.put(port) if register else None
    )
    watcher.activate()
    client.activate()
    own = client.midi_outports.register('brief', is_terminal=True)
    name, uuid, flags = own.name, own.uuid, own.flags
    port = events.next()
    own.unregister()
    wait_until(lambda: watcher.get_ports(f'^{name}$') == [])
    assert (port.name, port.uuid, port.flags) == (name, uuid, flags)
    assert port.shortname == 'brief'
    assert port.type == '8 bit raw midi'
    with pytest.raises(jack.JackError, match='is gone'):
        watcher.get_all_connections(port)


@pytest.mark.needs('renamed ports that others see')
def test_port_is_found_however_often_it_was_renamed(
    make_client, events, wait_until, lacks
):
    client, other = make_client(), make_client()
    port = client.outports.register('first')
    client.activate()
    names = [f'{client.name}:n_{number}' for number in range(1200)]
    other.set_port_rename_callback(lambda port, old, new: events.put(new))
    other.activate()
    handle = other.get_port_by_name(port.name)
    for name in names:
        port.shortname = name.partition(':')[2]
    told = '' if not lacks('notification of renamed ports') else names[-1]
    while told != names[-1]:
        # The one of when it is told: perhaps a later one already.
        told = events.next()
        assert told in names
    wait_until(lambda: handle.name == names[-1])
    assert handle == port


@pytest.mark.needs('notification of renamed ports')
def test_change_of_shortname_is_announced(make_client, events):
    watcher, client = make_client(), make_client()
    watcher.set_port_rename_callback(
        lambda port, old, new: events.put(port, old, new)
    )
    watcher.activate()
    port = client.outports.register('old')
    port.shortname = 'new'
    assert events.next() == (
        port,
        f'{client.name}:old',
        f'{client.name}:new',
    )


@pytest.mark.needs('notification of renamed ports')
def test_same_name_again_is_not_announced(make_client, events):
    watcher, client = make_client(), make_client()
    watcher.set_port_rename_callback(lambda port, old, new: events.put(new))
    watcher.activate()
    client.activate()
    port = client.outports.register('same')
    port.shortname = 'same'
    # JACK 2's clients are told the same when a port is unregistered.
    client.outports.register('another').unregister()
    port.shortname = 'new'
    assert events.next() == f'{client.name}:new'


@pytest.mark.needs('renamed ports that others see')
def test_port_of_another_client_can_be_renamed(make_client):
    owner, other = make_client(), make_client()
    port = owner.inports.register('old')
    owner.activate()
    other.get_port_by_name(port.name).shortname = 'new'
    assert other.get_port_by_name(f'{owner.name}:new').shortname == 'new'


def test_old_name_is_free_after_a_renaming(client):
    port = client.inports.register('old')
    port.shortname = 'new'
    again = client.inports.register('old')
    assert again != port
    assert names(client.inports) == [
        f'{client.name}:new',
        f'{client.name}:old',
    ]


@pytest.mark.parametrize(
    ('shortname', 'error'), [(None, TypeError), ('nu\0ll', ValueError)]
)
def test_shortname_of_a_wrong_kind_is_refused(client, shortname, error):
    port = client.inports.register('old')
    with pytest.raises(error):
        port.shortname = shortname
    assert port.shortname == 'old'


@pytest.mark.needs('aliases that others see')
def test_aliases_come_and_go(make_client, server):
    client, other = make_client(), make_client()
    client.activate()
    port = client.inports.register('plain')
    assert port.aliases == []
    assert port.set_alias('fancy') is None
    port.set_alias('other')
    assert sorted(port.aliases) == ['fancy', 'other']
    handle = other.get_port_by_name(port.name)
    assert sorted(handle.aliases) == ['fancy', 'other']
    shown = server.run(['jack_lsp', '-A', port.name]).stdout
    assert 'fancy' in shown.split()
    assert port.unset_alias('fancy') is None
    assert handle.aliases == ['other']


@pytest.mark.needs('two aliases')
def test_third_alias_is_refused(client):
    port = client.inports.register('plain')
    port.set_alias('one')
    port.set_alias('two')
    with pytest.raises(jack.JackErrorCode) as info:
        port.set_alias('three')
    assert info.value.code != 0
    assert sorted(port.aliases) == ['one', 'two']


def test_alias_that_is_not_there_cannot_be_unset(client):
    port = client.inports.register('plain')
    with pytest.raises(jack.JackErrorCode):
        port.unset_alias('never')


def test_port_is_found_by_its_alias(client):
    port = client.inports.register('plain')
    port.set_alias('nick:name')
    assert client.get_port_by_name('nick:name') == port


def test_an_alias_does_where_a_name_is_asked_for(active_client):
    source = active_client.outports.register('source')
    target = active_client.inports.register('target')
    target.set_alias('nick')
    source.connect('nick')
    assert source.is_connected_to('nick')
    active_client.request_monitor('nick', True)
    source.disconnect('nick')
    assert not source.is_connected_to('nick')


def test_flags_are_kept_together(client):
    port = client.outports.register('out', is_terminal=True)
    assert port.flags == (
        jack.PortFlags.IS_OUTPUT | jack.PortFlags.IS_TERMINAL
    )
    assert jack.PortFlags(0x8001) & 0x8000


def test_request_monitor_turns_monitoring_on_and_off(client):
    port = client.inports.register('in')
    assert port.is_monitoring is False
    assert port.request_monitor(True) is None
    assert port.is_monitoring is True
    assert port.request_monitor(False) is None
    assert port.is_monitoring is False


def test_monitoring_can_be_requested_of_a_physical_port(client):
    port = client.get_port_by_name('system:capture_1')
    port.request_monitor(True)
    assert port.is_monitoring is True
    port.request_monitor(False)
    assert port.is_monitoring is False


@pytest.mark.parametrize(
    'name',
    ['name', 'uuid', 'is_input', 'is_audio', 'connections', 'type'],
)
def test_attribute_is_read_only(client, name):
    port = client.inports.register('in')
    with pytest.raises(AttributeError):
        setattr(port, name, None)


def test_midi_ports_have_no_sample_buffers(client):
    port = client.midi_inports.register('in')
    for method in port.get_buffer, port.get_array:
        with pytest.raises(NotImplementedError):
            method()


def test_unknown_port_is_neither_audio_nor_midi(client):
    # JACK 2 has no other types, so an audio port has to stand in.
    port = client.get_port_by_name('system:capture_1')
    unknown = jack.UnknownPort(port._ptr, client)
    assert isinstance(unknown, jack.Port)
    assert unknown.is_audio is False
    assert unknown.is_midi is False
    assert unknown.name == 'system:capture_1'
    assert repr(unknown) == "jack.UnknownPort('system:capture_1')"


@pytest.mark.parametrize(
    ('porttype', 'cls'),
    [(AUDIO, jack.OwnPort), (MIDI, jack.OwnMidiPort)],
    ids=['audio', 'midi'],
)
def test_port_can_be_registered_by_the_name_of_its_type(
    client, porttype, cls
):
    port = client.register_port('typed', porttype, is_output=True)
    assert type(port) is cls
    assert port.type == porttype
    assert port.is_output
    assert client.owns(port)


@pytest.mark.parametrize('flag', ['is_output', 'is_terminal', 'is_physical'])
def test_port_registered_by_its_type_can_have_flags(client, flag):
    flags = {'is_output': False, flag: True}
    port = client.register_port('flagged', AUDIO, **flags)
    assert port.is_output is not port.is_input
    for name in 'is_output', 'is_terminal', 'is_physical':
        assert getattr(port, name) is (name == flag)


def test_type_that_the_server_does_not_know_is_refused(client):
    with pytest.raises(jack.JackError, match='smell'):
        client.register_port('nose', 'smell', is_output=False)


def test_ports_that_nobody_knows_the_size_of_are_refused(client):
    # PipeWire has the type, and its libjack crashes the program at the second.
    for name in 'one', 'two':
        with pytest.raises(jack.JackError, match='other'):
            client.register_port(name, 'other', is_output=True)


@pytest.mark.needs('ports of other types')
def test_own_port_of_another_type_is_no_audio_port(client):
    port = client.register_port(
        'film', '32 bit float RGBA video', is_output=True
    )
    assert not port.is_audio
    assert not port.is_midi


# -- Finding ports ------------------------------------------------------------


@pytest.fixture
def zoo(client, make_client):
    """A client of every kind of port, as seen by another one."""
    for name in LISTS:
        ports = getattr(client, name)
        ports.register(name)
        ports.register(f'{name} T', is_terminal=True)
        ports.register(f'{name} P', is_physical=True)
        ports.register(f'{name} PT', is_terminal=True, is_physical=True)
    client.activate()
    return make_client()


def test_get_ports_lists_all_ports(zoo, client):
    ports = zoo.get_ports()
    assert type(ports) is list
    assert {p.name for p in ports} == {
        *SYSTEM,
        *(p.name for name in LISTS for p in getattr(client, name)),
    }


FILTERS = [
    'is_audio',
    'is_midi',
    'is_input',
    'is_output',
    'is_physical',
    'is_terminal',
    'can_monitor',
]


@pytest.mark.parametrize('name', FILTERS)
def test_get_ports_selects_by(zoo, name):
    everything = zoo.get_ports()
    selected = zoo.get_ports(**{name: True})
    assert selected == [p for p in everything if getattr(p, name)]
    assert zoo.get_ports(**{name: False}) == everything


def test_filters_tell_ports_apart(zoo):
    # Else the test above would compare equal lists.
    sizes = {
        name: len(zoo.get_ports(**{name: True}))
        for name in FILTERS
        if name != 'can_monitor'
    }
    assert min(sizes.values()) > 0
    assert max(sizes.values()) < len(zoo.get_ports())


def test_get_ports_wants_all_of_the_flags(zoo, client):
    selected = zoo.get_ports(
        client.name, is_input=True, is_physical=True, is_terminal=True
    )
    assert [p.shortname for p in selected] == [
        'inports PT',
        'midi_inports PT',
    ]


def test_get_ports_takes_both_types_like_none(zoo):
    assert zoo.get_ports(is_audio=True, is_midi=True) == zoo.get_ports()


def test_get_ports_combines_type_and_flags(zoo):
    assert names(
        zoo.get_ports('system', is_audio=True, is_output=True)
    ) == ['system:capture_1', 'system:capture_2']


@pytest.mark.parametrize(
    ('pattern', 'expected'),
    [
        ('capture', ['system:capture_1', 'system:capture_2']),
        ('^system:playback_2$', ['system:playback_2']),
        ('(capture|playback)_1', ['system:capture_1', 'system:playback_1']),
        ('system:[a-o]+_2', []),
        ('_[^1]$', ['system:capture_2', 'system:playback_2']),
        ('', SYSTEM),
        ('nothing like that', []),
    ],
)
def test_get_ports_matches_names(client, pattern, expected):
    assert names(client.get_ports(pattern)) == expected


@pytest.mark.parametrize('pattern', ['(', '[', 'a[', 'system:(capture'])
def test_broken_pattern_is_a_value_error(client, pattern):
    with pytest.raises(ValueError, match='name_pattern') as info:
        client.get_ports(pattern)
    assert pattern in str(info.value)


@pytest.mark.parametrize(
    'pattern',
    [
        '(' * 30_000 + 'a' + ')' * 30_000,
        '(' * 101 + 'a' + ')' * 101,
        'a' + '**' * 1000,
        '(a*)' * 60,
        'a' + '+?' * 60,
        '^' * 1000,
        r'\b' * 1000,
        'a' * 64_001,
    ],
    ids=lambda pattern: f'{len(pattern)} of {pattern[:3]}',
)
def test_pattern_that_would_overflow_the_stack_is_refused(client, pattern):
    with pytest.raises(ValueError, match='name_pattern is too complicated'):
        client.get_ports(pattern)


def test_pattern_that_lists_many_names_is_taken(client):
    name = re.escape('a+b (c)*')
    assert client.get_ports('|'.join([f'^{name}:{n}$' for n in range(2000)])
                            + '|playback_1') == client.get_ports('playback_1')


@pytest.mark.parametrize('pattern', [None, b'system', 7])
def test_pattern_of_a_wrong_type_is_refused(client, pattern):
    with pytest.raises(TypeError, match='name_pattern'):
        client.get_ports(pattern)


def test_get_ports_gives_each_port_its_class(client, make_client):
    own = [client.inports.register('a'), client.midi_outports.register('b')]
    other = make_client()
    other.outports.register('c')
    other.midi_inports.register('d')
    client.activate()
    other.activate()
    found = client.get_ports('^test-.*:[abcd]$')
    assert {p.shortname: type(p) for p in found} == {
        'a': jack.OwnPort,
        'b': jack.OwnMidiPort,
        'c': jack.Port,
        'd': jack.MidiPort,
    }
    assert client.get_ports(f'^{client.name}:') == own
    assert [type(p) for p in other.get_ports(f'^{client.name}:')] == [
        jack.Port,
        jack.MidiPort,
    ]


def test_own_ports_in_the_list_are_the_same_objects(client):
    port = client.inports.register('a')
    (found,) = client.get_ports(f'^{client.name}:')
    assert found is port


def test_port_is_found_by_its_name(client):
    port = client.midi_inports.register('in')
    assert client.get_port_by_name(port.name) is port
    found = client.get_port_by_name('system:playback_1')
    assert type(found) is jack.Port
    assert found.name == 'system:playback_1'


@pytest.mark.parametrize('name', ['nobody:nothing', 'system', 'capture_1'])
def test_unknown_name_is_an_error_that_repeats_it(client, name):
    with pytest.raises(jack.JackError, match=name):
        client.get_port_by_name(name)


@pytest.mark.parametrize(
    ('name', 'error'), [(None, TypeError), (b'x', TypeError), ('', ValueError)]
)
def test_port_name_of_a_wrong_kind_is_refused(client, name, error):
    with pytest.raises(error):
        client.get_port_by_name(name)


def test_ports_that_vanish_while_they_are_listed_are_left_out(
    run_python, lacks
):
    run_python(
        """
        import jack, sys, threading
        from tests.notifications import wait_until
        busy = jack.Client('busy')
        client = jack.Client('lister')
        busy.activate()
        done = threading.Event()

        def work():
            while not done.is_set():
                ports = [busy.outports.register(f'{n}') for n in range(4)]
                for port in ports:
                    port.unregister()

        thread = threading.Thread(target=work)
        thread.start()
        sizes = set()
        for _ in range(300):
            sizes.add(len(client.get_ports()))
            client.get_all_connections('system:capture_1')
        done.set()
        thread.join()
        assert len(sizes) > 1, sizes
        if sys.argv[1] == 'late':
            wait_until(lambda: client.get_ports('busy') == [])
        assert client.get_ports('busy') == []
        """,
        'late' if lacks('news of other clients at once') else 'at once',
    )
