"""Metadata properties: what is set here is seen elsewhere, and reverse."""

import contextlib
import subprocess

import pytest
from peers import Peer

import jack

KEY = 'http://example.org/some-key'
OTHER_KEY = 'http://example.org/other-key'
# Neither a client's nor a port's; JACK takes any number.
SUBJECT = (1 << 40) + 7


@pytest.fixture(autouse=True)
def nothing_left_behind(server, lacks):
    """All JACK 2 servers of a user share one database of properties."""
    yield
    if lacks('properties of any number'):
        return
    client = jack.Client('cleaner')
    left = client.remove_properties(SUBJECT)
    client.close()
    assert left == 0


@pytest.fixture
def subject(client, lacks):
    """A subject that is nobody's; its properties go after the test."""
    number = SUBJECT
    if lacks('properties of any number'):
        number = int(client.uuid)
    yield number
    client.remove_properties(number)


def jack_property(server, *args):
    """Run JACK's own program for properties; returns its bytes."""
    return subprocess.run(
        ['jack_property', *map(str, args)],
        env=server.env,
        capture_output=True,
        check=True,
        timeout=10,
    ).stdout


def properties(server, subject):
    """What JACK's own program shows of them; nothing if there are none."""
    return subprocess.run(
        ['jack_property', '-l', subject],
        env=server.env,
        stdout=subprocess.PIPE,
        timeout=10,
    ).stdout


# -- Values -------------------------------------------------------------------

VALUES = {
    'text': ('Gitarre ♪ 1', 'Gitarre ♪ 1'.encode()),
    'bytes': (b'\xff\xfe not UTF-8\n\x01', b'\xff\xfe not UTF-8\n\x01'),
    'a megabyte': ('0123456789abcdef' * 65536, b'0123456789abcdef' * 65536),
}


@pytest.mark.parametrize('name', VALUES)
@pytest.mark.parametrize('kind', ['', 'text/plain', 'http://ex.org/♪'])
def test_a_value_comes_back_as_bytes_with_its_type(
    client, subject, name, kind
):
    value, data = VALUES[name]
    assert client.set_property(subject, KEY, value, kind) is None
    assert jack.get_property(subject, KEY) == (data, kind)
    assert jack.get_properties(subject) == {KEY: (data, kind)}
    assert jack.get_all_properties()[subject] == {KEY: (data, kind)}


def test_the_type_can_be_bytes(client, subject):
    client.set_property(subject, KEY, 'value', 'text/♪'.encode())
    assert jack.get_property(subject, KEY) == (b'value', 'text/♪')


def test_an_empty_value_is_refused_with_the_reason(client, subject):
    with pytest.raises(jack.JackError, match='value must not be empty'):
        client.set_property(subject, KEY, '')


def test_a_short_value_is_text(client, subject):
    client.set_property(subject, KEY, '7')
    value, kind = jack.get_property(subject, KEY)
    assert value == b'7'
    assert kind in ('', 'text/plain')


@pytest.mark.parametrize('name', VALUES)
def test_another_program_sees_the_value(server, client, subject, name):
    value, data = VALUES[name]
    client.set_property(subject, KEY, value)
    assert jack_property(server, '-l', subject, KEY) == data + b'\n'


@pytest.mark.needs('properties that can be deleted')
def test_another_program_sees_the_type(server, client, subject):
    client.set_property(subject, KEY, 'value', 'image/png;base64')
    seen = jack_property(server, '-l', subject)
    assert seen == (
        f'key: {KEY} value: value type: image/png;base64\n'.encode()
    )


@pytest.mark.needs('properties that can be deleted')
@pytest.mark.parametrize('kind', ['', 'text/♪'])
def test_what_another_program_has_set_is_seen(server, client, subject, kind):
    jack_property(server, '-s', subject, KEY, 'wäärt', *([kind] * bool(kind)))
    assert jack.get_property(subject, KEY) == ('wäärt'.encode(), kind)


@pytest.mark.needs('properties that can be deleted')
def test_what_another_program_has_deleted_is_gone(server, client, subject):
    for key in KEY, OTHER_KEY:
        client.set_property(subject, key, 'value')
    jack_property(server, '-d', subject, KEY)
    assert set(jack.get_properties(subject)) == {OTHER_KEY}
    jack_property(server, '-d', subject)
    assert jack.get_properties(subject) == {}


def test_a_second_value_replaces_the_first(client, subject):
    client.set_property(subject, KEY, 'a long first value', 'text/plain')
    client.set_property(subject, KEY, 'short')
    assert jack.get_property(subject, KEY) == (b'short', '')


def test_a_subject_has_many_properties(client, subject):
    expected = {
        f'http://example.org/{n}': (str(n).encode() * n, 'n' * (n % 3))
        for n in range(1, 100)
    }
    for key, (value, kind) in expected.items():
        client.set_property(subject, key, value, kind)
    assert jack.get_properties(subject) == expected


@pytest.mark.needs('properties of any number')
def test_subjects_are_separate(client, subject):
    port = client.outports.register('out')
    client.set_property(subject, KEY, 'one')
    client.set_property(port, KEY, 'two')
    client.set_property(client, KEY, 'three')
    everything = jack.get_all_properties()
    assert everything[subject] == {KEY: (b'one', '')}
    assert everything[port.uuid] == {KEY: (b'two', '')}
    assert everything[int(client.uuid)] == {KEY: (b'three', '')}
    assert {type(number) for number in everything} == {int}


def test_a_missing_property_is_none(client, subject):
    assert jack.get_property(subject, KEY) is None
    assert jack.get_properties(subject) == {}
    assert subject not in jack.get_all_properties()


# -- Removal ------------------------------------------------------------------


@pytest.mark.needs('properties that can be deleted')
def test_one_property_can_be_removed(client, subject):
    client.set_property(subject, KEY, 'one')
    client.set_property(subject, OTHER_KEY, 'two')
    assert client.remove_property(subject, KEY) is None
    assert jack.get_properties(subject) == {OTHER_KEY: (b'two', '')}


@pytest.mark.needs('properties that can be deleted')
@pytest.mark.parametrize('number', [0, 1, 5])
def test_removing_all_of_a_subject_returns_their_number(
    client, subject, number
):
    for n in range(number):
        client.set_property(subject, f'http://example.org/{n}', 'value')
    assert client.remove_properties(subject) == number
    assert jack.get_properties(subject) == {}


@pytest.mark.needs('properties that end with their subject', run=False)
def test_all_properties_can_be_removed(client, subject):
    # They may be those of somebody who works on this computer meanwhile.
    before = jack.get_all_properties()
    try:
        client.set_property(subject, KEY, 'value')
        client.set_property(client, KEY, 'value')
        assert client.remove_all_properties() is None
        assert jack.get_all_properties() == {}
    finally:
        for uuid, properties in before.items():
            for key, (value, kind) in properties.items():
                client.set_property(uuid, key, value, kind)
    assert jack.get_all_properties() == before


@pytest.mark.needs('properties that end with their subject')
def test_properties_end_with_their_port_and_their_client(
    make_server, run_python
):
    # It is the server that removes them, and a JACK 2 server which has opened
    # the database does not notice when another one has made it anew.
    run_python(
        f"""
        import jack

        client, other = jack.Client('one'), jack.Client('other')
        other.activate()
        port = other.outports.register('out')
        uuid = port.uuid
        client.set_property(uuid, '{KEY}', 'value')
        assert jack.get_properties(uuid)
        port.unregister()
        assert jack.get_properties(uuid) == {{}}

        uuids = int(other.uuid), other.outports.register('out').uuid
        for uuid in uuids:
            client.set_property(uuid, '{KEY}', 'value')
            assert jack.get_properties(uuid)
        other.close()
        for uuid in uuids:
            assert jack.get_properties(uuid) == {{}}
        client.close()
        """,
        server=make_server(),
    )


# -- Subjects -----------------------------------------------------------------


@pytest.mark.needs('properties that can be deleted')
def test_a_subject_is_a_number_a_text_a_client_or_a_port(client, make_client):
    port = client.midi_inports.register('in')
    client.activate()
    seen = make_client().get_port_by_name(port.name)
    for subjects in (
        [client, client.uuid, int(client.uuid)],
        [port, seen, port.uuid, str(port.uuid)],
    ):
        for n, subject in enumerate(subjects):
            client.set_property(subject, KEY, f'value {n}')
            for same in subjects:
                value = f'value {n}'.encode(), ''
                assert jack.get_property(same, KEY) == value
                assert jack.get_properties(same) == {KEY: value}
        client.remove_property(subjects[-1], KEY)
        client.set_property(subjects[0], KEY, 'value')
        assert client.remove_properties(subjects[-1]) == 1


def test_the_witness_knows_the_subjects_by_their_names(server, client):
    port = client.outports.register('out')
    client.activate()
    client.set_property(port, KEY, "a port's")
    client.set_property(client, KEY, "a client's")
    assert jack_property(server, '-l', '-p', port.name, KEY) == b"a port's\n"
    seen = jack_property(server, '-l', '-c', client.name, KEY)
    assert seen == b"a client's\n"


def uses(client):
    """Everything that takes a subject."""
    return [
        lambda subject: client.set_property(subject, KEY, 'value'),
        lambda subject: client.remove_property(subject, KEY),
        client.remove_properties,
        lambda subject: jack.get_property(subject, KEY),
        jack.get_properties,
    ]


@pytest.mark.parametrize(
    'subject',
    ['', 'nobody', '0x10000000000', '-5', f' {SUBJECT}', f'{SUBJECT}x',
     f'{SUBJECT}\0', -1, 1 << 64, '9' * 30],
    ids=repr,
)  # fmt: skip
def test_what_is_no_uuid_is_a_value_error(client, subject):
    for use in uses(client):
        with pytest.raises(ValueError):
            use(subject)


@pytest.mark.parametrize('subject', [None, 1.5, b'1', [1]], ids=repr)
def test_a_subject_of_another_type_is_a_type_error(client, subject):
    for use in uses(client):
        with pytest.raises(TypeError):
            use(subject)


def test_a_port_that_is_gone_is_no_subject(client):
    port = client.outports.register('out')
    port.unregister()
    for use in uses(client):
        with pytest.raises(jack.JackError):
            use(port)


# -- Errors -------------------------------------------------------------------


def test_removing_what_is_not_there_is_an_error_of_both_classes(
    client, subject
):
    with pytest.raises(ValueError, match=KEY) as caught:
        client.remove_property(subject, KEY)
    assert isinstance(caught.value, jack.JackError)


def test_a_value_that_jack_refuses_is_an_error_of_both_classes(
    client, subject
):
    # JACK 2 does not keep empty values.
    with pytest.raises(ValueError, match=KEY) as caught:
        client.set_property(subject, KEY, '')
    assert isinstance(caught.value, jack.JackError)
    assert jack.get_property(subject, KEY) is None


def test_a_jack_2_without_metadata_is_told_apart(client, monkeypatch):
    """A fake: the libjack of Debian 12 has metadata."""
    with monkeypatch.context() as patch:
        patch.setattr(jack, '_IMPLEMENTATION', 'JACK 2')
        for name in 'set_property', 'get_properties', 'get_all_properties':
            patch.setattr(jack._lib, f'jack_{name}', lambda *args: -1)
        with pytest.raises(ValueError, match='no metadata at all'):
            client.set_property(client, KEY, 'value')
        for get in jack.get_all_properties, lambda: jack.get_properties(0):
            with pytest.raises(RuntimeError, match='no metadata at all'):
                get()


def test_without_a_client_there_are_properties_or_it_says_so(
    run_python, lacks
):
    # JACK 2's libjack opens the database together with a client.
    child = run_python(f"""
        import jack

        def attempt(use):
            try:
                use()
            except RuntimeError as e:
                assert isinstance(e, jack.JackError)
                assert 'client' in str(e), e
                print('refused')

        for _ in range(2):
            attempt(jack.get_all_properties)
            attempt(lambda: jack.get_properties({SUBJECT}))
            attempt(lambda: jack.get_property({SUBJECT}, 'key'))
            with jack.Client('short') as client:
                assert jack.get_property({SUBJECT}, 'key') is None
                assert jack.get_properties({SUBJECT}) == {{}}
        """)
    refused = 6 if lacks('properties without a client') else 0
    assert child.stdout.count('refused') == refused


@pytest.mark.parametrize(
    ('value', 'error'),
    [
        (7, TypeError),
        (None, TypeError),
        ([1, 2], TypeError),
        ('nul\0l', ValueError),
        (b'nul\0l', ValueError),
        ('\ud800', ValueError),
    ],
    ids=repr,
)
def test_a_value_that_c_cannot_hold_is_refused(client, subject, value, error):
    with pytest.raises(error):
        client.set_property(subject, KEY, value)
    assert jack.get_property(subject, KEY) is None


@pytest.mark.parametrize(
    ('bad', 'error'),
    [('', ValueError), ('a\0b', ValueError), (None, TypeError),
     (b'key', TypeError)],
    ids=repr,
)  # fmt: skip
def test_a_key_that_is_none_is_refused(client, subject, bad, error):
    for use in (
        lambda: client.set_property(subject, bad, 'value'),
        lambda: client.remove_property(subject, bad),
        lambda: jack.get_property(subject, bad),
    ):
        with pytest.raises(error):
            use()


@pytest.mark.parametrize(
    ('bad', 'error'),
    [('a\0b', ValueError), (None, TypeError), (b'a\0b', ValueError)],
    ids=repr,
)
def test_a_type_that_is_none_is_refused(client, subject, bad, error):
    with pytest.raises(error):
        client.set_property(subject, KEY, 'value', bad)


# -- Notices ------------------------------------------------------------------

LISTENER = """
import sys
import jack

client = jack.Client('far-listener')

@client.set_property_change_callback
def change(subject, key, change):
    sys.stdout.write(f'change {subject} {change} {key}\\n')
    sys.stdout.flush()

with client:
    print('up', flush=True)
    sys.stdin.read()
"""


@pytest.mark.needs('properties that can be deleted')
def test_another_process_is_told_of_all_changes(server, client, subject):
    with Peer(server, LISTENER) as peer:
        peer.hear('up')
        client.set_property(subject, KEY, 'one')
        client.set_property(subject, KEY, 'two')
        client.set_property(subject, OTHER_KEY, VALUES['a megabyte'][0])
        client.remove_property(subject, KEY)
        client.remove_properties(subject)
        changes = [
            f'{subject} {jack.PROPERTY_CREATED} {KEY}',
            f'{subject} {jack.PROPERTY_CHANGED} {KEY}',
            f'{subject} {jack.PROPERTY_CREATED} {OTHER_KEY}',
            f'{subject} {jack.PROPERTY_DELETED} {KEY}',
        ]
        # PipeWire tells of all of them, without a key.
        key = '' if jack._IMPLEMENTATION == 'PipeWire' else OTHER_KEY
        changes.append(f'{subject} {jack.PROPERTY_DELETED} {key}')
        assert [peer.hear('change') for _ in changes] == changes


@pytest.mark.needs('notification of all clients of a process')
def test_what_another_program_changes_is_told(
    server, client, make_client, events, subject
):
    listener = make_client()
    listener.set_property_change_callback(lambda *args: events.put(args))
    changes = []

    def take(change):
        # JACK 1 tells of the end of that program's properties, too.
        if change[0] == subject:
            changes.append(change)
        return len(changes) == 3

    with listener:
        jack_property(server, '-s', subject, KEY, 'one')
        jack_property(server, '-s', subject, KEY, 'two')
        jack_property(server, '-d', subject, KEY)
        events.wait_for(take)
    assert changes == [
        (subject, KEY, jack.PROPERTY_CREATED),
        (subject, KEY, jack.PROPERTY_CHANGED),
        (subject, KEY, jack.PROPERTY_DELETED),
    ]


@pytest.mark.needs('notification of all clients of a process')
@pytest.mark.parametrize('length', [256, 257])
def test_a_long_key_is_told_whole_or_refused(
    client, make_client, events, subject, length
):
    listener = make_client()
    listener.set_property_change_callback(lambda *args: events.put(args))
    with listener:
        refused = []
        try:
            client.set_property(subject, 'k' * length, 'value')
        except jack.JackError as error:
            refused.append(str(error))
        if refused:
            assert f'key is too long: {length} bytes' in refused[0]
            assert length > 256
            assert jack.get_properties(subject) == {}
        else:
            assert events.next()[1] == 'k' * length


def test_a_property_may_be_so_large_that_the_client_goes_on(make_client):
    client = make_client()
    value = b'v' * (16 * 1024 * 1024 - 1024 - len(KEY))
    client.set_property(client, KEY, value)
    assert jack.get_property(client, KEY) == (value, '')
    # PipeWire ends the client for it, unless this is refused.
    with contextlib.suppress(jack.JackError):
        client.set_property(client, KEY, value + bytes([7]) * 1024)
    assert client.inports.register('in') in client.get_ports()
    client.remove_property(client, KEY)
    assert client.get_client_name_by_uuid(client.uuid) == client.name


@pytest.mark.needs('notification of all clients of a process')
def test_the_property_can_be_read_when_its_change_is_told(
    client, make_client, events, subject
):
    listener = make_client()
    listener.set_property_change_callback(
        lambda subject, key, change: events.put(
            (jack.get_property(subject, key), change)
        )
    )
    with listener:
        client.set_property(subject, KEY, 'value', 'text/plain')
        assert events.next() == (
            (b'value', 'text/plain'),
            jack.PROPERTY_CREATED,
        )


def test_the_keys_of_jack_are_known_to_its_programs(server, client):
    port = client.outports.register('out')
    client.activate()
    client.set_property(port, jack.METADATA_PRETTY_NAME, 'Left speaker')
    key = 'http://jackaudio.org/metadata/pretty-name'
    assert jack_property(server, '-l', '-p', port.name, key) == (
        b'Left speaker\n'
    )


@pytest.mark.needs('properties of any number')
def test_a_client_may_go_right_after_many_changes(make_server, run_python):
    # JACK 2's server would wait for it for ever, and everybody for the server.
    run_python(
        f"""
        import time
        import jack

        for _ in range(20):
            client = jack.Client('hasty')
            for n in range(300):
                client.set_property({SUBJECT}, f'http://ex.org/{{n}}', 'x')
            assert client.remove_properties({SUBJECT}) == 300
            begin = time.monotonic()
            client.close(ignore_errors=False)
            jack.Client('next').close()
            assert time.monotonic() - begin < 2
        """,
        server=make_server(),
        timeout=60,
    )


# Each of the functions, again and again.
ASK = """
import itertools

import jack


def ask(client=None):
    for _, subject in itertools.product(range(3), [4711, client or 4712]):
        for look in (
            jack.get_all_properties,
            lambda: jack.get_properties(subject),
            lambda: jack.get_property(subject, 'key'),
            *(() if client is None else (
                lambda: client.set_property(subject, 'key', 'value'),
                lambda: client.remove_property(subject, 'key'),
                lambda: client.remove_properties(subject),
                lambda: client.remove_all_properties(),
            )),
        ):
            try:
                look()
            except jack.JackError as error:
                assert str(error)
"""


NOWHERE = f"""
import os
os.environ['JACK_DEFAULT_SERVER'] = 'nowhere'
os.environ['PIPEWIRE_REMOTE'] = 'nowhere'
{ASK}
ask()
"""

POOR = f"""
import os

from tests.starved import take_all_files
{ASK}
client = jack.Client('poor')
taken = take_all_files()
ask(client)
for file in taken:
    os.close(file)
ask(client)
client.set_property(client, 'key', 'value', 'text/plain')
assert jack.get_property(client, 'key') == (b'value', 'text/plain')
client.remove_properties(client)
client.close()
"""


def test_metadata_of_no_server_at_all_do_no_harm(run_python):
    # JACK 1 crashed at the second attempt, in C too.
    run_python(NOWHERE)


def test_metadata_can_wait_for_a_file_to_spare(make_server, run_python):
    # JACK 1 hung, or crashed.
    run_python(POOR, server=make_server())


def test_the_last_client_is_not_closed_amid_a_look_at_metadata(run_python):
    # JACK 2 has them no longer then, and crashes.
    run_python("""
        import threading
        import jack

        client = jack.Client('last')
        begun, go = threading.Event(), threading.Event()
        function = jack._lib.jack_get_all_properties
        order = []

        def look(*args):
            begun.set()
            go.wait()
            order.append('looked')
            return function(*args)

        def close():
            client.close()
            order.append('closed')

        jack._lib.jack_get_all_properties = look
        reader = threading.Thread(target=jack.get_all_properties)
        closer = threading.Thread(target=close)
        reader.start()
        begun.wait()
        closer.start()
        closer.join(0.2)
        assert closer.is_alive() or jack._IMPLEMENTATION != 'JACK 2'
        go.set()
        reader.join()
        closer.join()
        assert set(order) == {'looked', 'closed'}
        """)


def test_properties_of_several_clients_are_removed_at_the_same_time(
    run_python,
):
    # JACK's own function for it may wait for itself then, for ever.
    run_python("""
        import threading
        import jack

        def change(client):
            for _ in range(300):
                client.set_property(client, 'http://example.org/a', 'a' * 50)
                client.set_property(client, 'http://example.org/b', 'b' * 50)
                client.remove_properties(client)

        clients = [jack.Client(name) for name in 'abc']
        threads = [
            threading.Thread(target=change, args=(client,))
            for client in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # On PipeWire 0.3, what was set a moment ago may come afterwards.
        if jack._IMPLEMENTATION != 'PipeWire':
            assert not any(map(jack.get_properties, clients))
        """)


RESTARTED = """
import sys
import jack

def set_one(key):
    client = jack.Client('writer')
    try:
        client.set_property(client, key, 'value', 'text/plain')
        print('set', client.uuid, flush=True)
        sys.stdin.readline()
    except jack.JackError as error:
        assert 'start the program anew' in str(error), error
        print('set refused', flush=True)
    client.close()

set_one('first-key')
set_one('second-key')
"""


def test_after_a_restart_properties_reach_the_new_server_or_it_says_so(
    make_server, wait_until
):
    server = make_server()
    with Peer(server, RESTARTED) as peer:
        peer.hear('set')
        server.kill()
        server.start()
        peer.tell('')
        told = peer.hear('set')
        if told != 'refused':
            # PipeWire needs a moment until all see it.
            wait_until(lambda: properties(server, told))
            peer.tell('')


FORKED = """
import os
import sys
import warnings
import jack

# Python 3.12 and newer warn of fork() with threads.
warnings.simplefilter('ignore', DeprecationWarning)
client = jack.Client('parent')
client.set_property(client, 'key', 'value', 'text/plain')
child = os.fork()
if child == 0:
    mine = jack.Client('child')
    try:
        mine.set_property(mine, 'key', 'its', 'text/plain')
        assert jack.get_property(mine, 'key') == (b'its', 'text/plain')
        print('set')
    except jack.JackError as error:
        assert 'spawn' in str(error), error
        print('refused')
    mine.close()
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert jack.get_property(client, 'key') == (b'value', 'text/plain')
client.close()
"""


def test_a_forked_child_keeps_away_from_its_parents_database(
    make_server, run_python
):
    # Berkeley DB does not allow it: the parent hung for ever.
    server = make_server()
    out = run_python(FORKED, server=server).stdout
    assert out == ('refused\n' if server.kind == 'jack1' else 'set\n')
