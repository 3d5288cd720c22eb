"""Connecting ports, and asking for connections."""

import errno
import re
import time
import types

import pytest

import jack


def shown_connections(server):
    """The graph as ``jack_lsp -c`` tells it: port -> its peers' names."""
    output = server.run(['jack_lsp', '-c']).stdout
    return {
        port: {peer.strip() for peer in peers.splitlines()}
        for port, peers in re.findall(r'^(\S.*)\n((?: .*\n)*)', output, re.M)
    }


def eventually(function, expected, timeout=5):
    """Wait for a result: a change of the graph takes a cycle or two."""
    __tracebackhide__ = True
    deadline = time.monotonic() + timeout
    while (result := function()) != expected and time.monotonic() < deadline:
        time.sleep(0.005)
    assert result == expected


@pytest.fixture
def patchbay(make_client):
    """Two active clients with a port of each kind, and their ports."""
    left, right = make_client(), make_client()
    bay = types.SimpleNamespace(
        left=left,
        right=right,
        out=left.outports.register('out'),
        other_out=left.outports.register('other out'),
        midi_out=left.midi_outports.register('midi out'),
        inp=right.inports.register('in'),
        other_inp=right.inports.register('other in'),
        midi_inp=right.midi_inports.register('midi in'),
    )
    left.activate()
    right.activate()
    return bay


@pytest.mark.parametrize('source_as', ['name', 'port', 'handle'])
@pytest.mark.parametrize('destination_as', ['name', 'port', 'handle'])
def test_ports_can_be_connected_and_disconnected(
    patchbay, server, source_as, destination_as
):
    client = patchbay.left

    def argument(port, how):
        if how == 'name':
            return port.name
        return port if how == 'port' else client.get_port_by_name(port.name)

    source = argument(patchbay.out, source_as)
    destination = argument(patchbay.inp, destination_as)
    assert client.connect(source, destination) is None
    eventually(
        lambda: shown_connections(server)[patchbay.out.name],
        {patchbay.inp.name},
    )
    assert client.disconnect(source, destination) is None
    eventually(lambda: shown_connections(server)[patchbay.out.name], set())


def test_midi_ports_can_be_connected(patchbay):
    patchbay.left.connect(patchbay.midi_out, patchbay.midi_inp)
    eventually(lambda: patchbay.midi_out.connections, [patchbay.midi_inp])
    eventually(lambda: patchbay.midi_inp.connections, [patchbay.midi_out])
    (peer,) = patchbay.midi_inp.connections
    assert type(peer) is jack.MidiPort


def test_third_client_can_connect_others(patchbay, make_client):
    # It need not even be active.
    make_client().connect(patchbay.out.name, patchbay.inp.name)
    eventually(lambda: patchbay.out.connections, [patchbay.inp])


def test_client_can_be_connected_with_itself(patchbay):
    own = patchbay.left.inports.register('own in')
    patchbay.left.connect(patchbay.out, own)
    eventually(lambda: patchbay.out.connections, [own])
    eventually(lambda: own.connections, [patchbay.out])
    assert own.connections[0] is patchbay.out


def test_connection_is_seen_as_soon_as_it_is_made(patchbay):
    out, inp = patchbay.out, patchbay.inp
    # A reader that did not wait was wrong in every other run of so many.
    for _ in range(200):
        out.connect(inp)
        assert out.connections == [inp]
        assert inp.is_connected_to(out)
        out.disconnect(inp)
        assert out.connections == []
        assert inp.number_of_connections == 0


@pytest.mark.parametrize('reverse', [False, True], ids=['out', 'in'])
def test_own_port_connects_itself_in_the_right_direction(patchbay, reverse):
    port, peer = patchbay.out, patchbay.inp
    if reverse:
        port, peer = peer, port
    assert port.connect(peer.name) is None
    eventually(lambda: port.connections, [peer])
    assert port.disconnect(peer) is None
    eventually(lambda: port.connections, [])
    port.connect(peer)
    eventually(lambda: port.connections, [peer])
    port.disconnect(peer.name)
    eventually(lambda: port.connections, [])


def test_disconnect_without_argument_takes_all_connections(patchbay):
    patchbay.out.connect(patchbay.inp)
    patchbay.out.connect(patchbay.other_inp)
    patchbay.out.connect('system:playback_1')
    patchbay.other_out.connect(patchbay.inp)
    assert patchbay.out.disconnect() is None
    eventually(lambda: patchbay.out.connections, [])
    eventually(lambda: patchbay.inp.connections, [patchbay.other_out])


def test_disconnect_without_any_connection_is_fine(patchbay):
    patchbay.out.disconnect()
    assert patchbay.out.connections == []


def test_connections_are_listed_with_their_classes(patchbay):
    out = patchbay.out
    own = patchbay.left.inports.register('own in')
    for peer in patchbay.inp, own, 'system:playback_2':
        out.connect(peer)
    eventually(lambda: len(out.connections), 3)
    peers = {port.name: port for port in out.connections}
    assert {name: type(port) for name, port in peers.items()} == {
        patchbay.inp.name: jack.Port,
        own.name: jack.OwnPort,
        'system:playback_2': jack.Port,
    }
    assert type(out.connections) is list
    assert peers[own.name] is own


def test_number_of_connections_counts_them(patchbay):
    out = patchbay.out
    assert out.number_of_connections == 0
    out.connect(patchbay.inp)
    out.connect(patchbay.other_inp)
    eventually(lambda: out.number_of_connections, 2)
    assert type(out.number_of_connections) is int
    out.disconnect(patchbay.inp)
    eventually(lambda: out.number_of_connections, 1)
    assert patchbay.inp.number_of_connections == 0


@pytest.mark.needs('connections that work once they are counted')
def test_a_connection_works_in_the_first_cycle_that_counts_it(make_client):
    sender, receiver = make_client(), make_client()
    out = sender.outports.register('out')
    inp = receiver.inports.register('in')
    first = []
    cycles = last = 0

    @sender.set_process_callback
    def send(frames):
        nonlocal cycles
        cycles = cycles + 1 if out.number_of_connections else 0
        out.get_array()[:] = cycles

    @receiver.set_process_callback
    def receive(frames):
        nonlocal last
        previous, last = last, inp.get_array()[0]
        if last and not previous:
            first.append(last)

    receiver.activate()
    sender.activate()
    for number in range(1, 31):
        out.connect(inp)
        eventually(lambda: len(first), number)
        out.disconnect(inp)
        eventually(lambda: (cycles, last), (0, 0))
    # Whoever is late loses a cycle.
    assert first.count(1) >= 27, first


@pytest.mark.parametrize('by_name', [False, True])
def test_is_connected_to_tells_direct_connections(patchbay, by_name):
    patchbay.out.connect(patchbay.inp)
    inp, other_inp = patchbay.inp, patchbay.other_inp
    if by_name:
        inp, other_inp = inp.name, other_inp.name
    eventually(lambda: patchbay.out.is_connected_to(inp), True)
    assert patchbay.out.is_connected_to(other_inp) is False
    eventually(lambda: patchbay.inp.is_connected_to(patchbay.out), True)
    patchbay.out.disconnect()
    eventually(lambda: patchbay.out.is_connected_to(inp), False)


@pytest.mark.parametrize('by_name', [False, True])
def test_all_connections_can_be_asked_for_by_anyone(
    patchbay, make_client, by_name
):
    third = make_client()
    patchbay.out.connect(patchbay.inp)
    patchbay.other_out.connect(patchbay.inp)
    port = patchbay.inp.name if by_name else patchbay.inp
    # In the order of the server's.
    eventually(
        lambda: {peer.name for peer in third.get_all_connections(port)},
        {patchbay.out.name, patchbay.other_out.name},
    )
    peers = third.get_all_connections(port)
    assert [type(peer) for peer in peers] == [jack.Port, jack.Port]
    assert patchbay.out in peers
    assert patchbay.other_out in peers
    # Own ports come as themselves.
    own = patchbay.left.get_all_connections(port)
    assert any(peer is patchbay.out for peer in own)


def test_port_without_connections_has_an_empty_list(patchbay, make_client):
    assert make_client().get_all_connections(patchbay.out) == []
    assert patchbay.out.connections == []


def test_physical_ports_can_be_connected(patchbay):
    patchbay.left.connect('system:capture_1', patchbay.inp)
    patchbay.left.connect(patchbay.out, 'system:playback_1')
    eventually(
        lambda: [port.name for port in patchbay.inp.connections],
        ['system:capture_1'],
    )
    eventually(
        lambda: patchbay.left.get_all_connections('system:playback_1'),
        [patchbay.out],
    )


# -- Other processes ----------------------------------------------------------


def test_connection_made_by_another_process_is_seen(patchbay, server):
    out, inp = patchbay.out, patchbay.inp
    server.run(['jack_connect', out.name, inp.name])
    eventually(lambda: out.connections, [inp])
    eventually(lambda: inp.number_of_connections, 1)
    server.run(['jack_disconnect', out.name, inp.name])
    eventually(lambda: out.connections, [])
    eventually(lambda: inp.number_of_connections, 0)


def test_connections_with_another_process_end_with_it(
    patchbay, server, wait_until
):
    metro = server.popen(['jack_metro', '-b', '100', '-n', 'ticker'])
    client, inp = patchbay.right, patchbay.inp
    (tick,) = wait_until(lambda: client.get_ports('^ticker:'))
    # The port is there before its client is active.
    wait_until(lambda: connects(client, tick, inp))
    eventually(lambda: inp.connections, [tick])
    metro.terminate()
    eventually(lambda: inp.connections, [])
    # Else it is told to end once more while it ends, and hangs.
    metro.communicate(timeout=10)


def connects(client, source, destination):
    try:
        client.connect(source, destination)
    except jack.JackErrorCode:
        return False
    return True


def test_unregistering_waits_for_what_has_changed(client, server):
    """JACK 2's libjack may crash else, but so rarely that no test can tell."""
    sink = client.inports.register('in')
    client.activate()
    begun = []
    for number in range(10):
        source = client.outports.register(f'out-{number}')
        client.connect(source, sink)
        assert source.connections == [sink]
        before = client.last_frame_time
        source.unregister()
        begun.append(client.last_frame_time != before)
    # The connection ends with a later cycle; the others do not need this.
    assert all(begun) or not server.kind.startswith('jack2'), begun


def test_unregistering_ends_the_connections(patchbay):
    patchbay.out.connect(patchbay.inp)
    patchbay.out.unregister()
    eventually(lambda: patchbay.inp.connections, [])
    eventually(lambda: patchbay.inp.number_of_connections, 0)


# -- What cannot be connected -------------------------------------------------


def failure(function, *args):
    with pytest.raises(jack.JackErrorCode) as info:
        function(*args)
    error = info.value
    assert type(error.code) is int
    assert error.code != 0
    assert str(error) == f'{error.message} ({error.code})'
    for arg in args:
        assert getattr(arg, 'name', arg) in error.message
    return error


def test_second_connection_has_the_code_of_eexist(patchbay):
    patchbay.left.connect(patchbay.out, patchbay.inp)
    error = failure(patchbay.left.connect, patchbay.out, patchbay.inp)
    assert error.code == errno.EEXIST
    error = failure(patchbay.out.connect, patchbay.inp)
    assert error.code == errno.EEXIST
    eventually(lambda: patchbay.out.connections, [patchbay.inp])


@pytest.mark.parametrize(
    ('source', 'destination'),
    [
        ('nobody:out', 'system:playback_1'),
        ('system:capture_1', 'nobody:in'),
        ('nobody:out', 'nobody:in'),
    ],
)
@pytest.mark.parametrize('verb', ['connect', 'disconnect'])
def test_unknown_port_is_an_error_that_names_it(
    active_client, verb, source, destination
):
    error = failure(getattr(active_client, verb), source, destination)
    assert re.search("no port 'nobody:", error.message)


def test_audio_cannot_be_connected_with_midi(patchbay):
    error = failure(patchbay.left.connect, patchbay.out, patchbay.midi_inp)
    assert 'type' in error.message
    failure(patchbay.left.connect, patchbay.midi_out, patchbay.inp)
    assert patchbay.midi_inp.connections == []


def test_wrong_direction_is_an_error_that_says_so(patchbay):
    error = failure(patchbay.left.connect, patchbay.inp, patchbay.out)
    assert 'output' in error.message
    error = failure(patchbay.left.connect, patchbay.out, patchbay.other_out)
    assert 'input' in error.message


@pytest.mark.needs('connections of active clients only')
def test_inactive_client_cannot_be_connected(client):
    port = client.inports.register('in')
    error = failure(client.connect, 'system:capture_1', port)
    assert 'activ' in error.message
    client.activate()
    client.connect('system:capture_1', port)


def test_missing_connection_cannot_be_disconnected(patchbay):
    failure(patchbay.left.disconnect, patchbay.out, patchbay.inp)
    failure(patchbay.out.disconnect, patchbay.inp)


def test_connections_of_an_unknown_port_are_an_error(client):
    with pytest.raises(jack.JackError, match='nobody:out'):
        client.get_all_connections('nobody:out')


@pytest.mark.parametrize('port', [None, b'system:capture_1', 7])
def test_port_of_a_wrong_type_is_refused(patchbay, port):
    out, client = patchbay.out, patchbay.left
    with pytest.raises(TypeError):
        client.connect(out, port)
    with pytest.raises(TypeError):
        client.connect(port, patchbay.inp)
    with pytest.raises(TypeError):
        client.disconnect(out, port)
    with pytest.raises(TypeError):
        client.get_all_connections(port)
    with pytest.raises(TypeError):
        out.connect(port)
    with pytest.raises(TypeError):
        out.is_connected_to(port)


def test_connection_is_announced(patchbay, make_client, events):
    watcher = make_client()
    watcher.set_port_connect_callback(events.put)
    watcher.activate()
    patchbay.out.connect(patchbay.inp)
    assert events.next() == (patchbay.out, patchbay.inp, True)
    patchbay.out.disconnect()
    assert events.next() == (patchbay.out, patchbay.inp, False)
