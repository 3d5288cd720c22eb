"""JACK's sessions (deprecated): one client asks, others save themselves."""

import concurrent.futures

import pytest
from peers import Peer

import jack

# Answers each session event with a command line.
SAVER = """
import sys
import jack

client = jack.Client('saver')

@client.set_session_callback
def session(event):
    assert type(event) is jack.SessionEvent
    sys.stdout.write(f'event {event.type} {event.client_uuid} '
                     f'{event.session_dir}\\n')
    sys.stdout.flush()
    event.command_line = f'saver --uuid {event.client_uuid} ♪'
    event.flags = 2
    client.session_reply(event)

with client:
    print('up', client.uuid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    """A folder for a session, with the slash that JACK wants."""
    return f'{tmp_path}/'


@pytest.fixture
def manager(make_client):
    return make_client('manager')


@pytest.fixture
def saver(make_client):
    """A client with a list *events* of what its session callback got."""
    client = make_client('saver')
    client.events = []

    @client.set_session_callback
    def session(event):
        client.events.append(event)
        event.command_line = 'saver'
        client.session_reply(event)

    client.activate()
    return client


# -- Notification and reply ---------------------------------------------------


@pytest.mark.needs('sessions')
@pytest.mark.parametrize('kind', [1, 2, 3])
def test_another_process_is_asked_and_its_answer_comes_back(
    server, manager, folder, kind
):
    with Peer(server, SAVER) as peer:
        uuid = peer.hear('up')
        answers = manager.session_notify(kind, folder)
        assert answers == [(uuid, 'saver', f'saver --uuid {uuid} ♪', 2)]
        assert peer.hear('event') == f'{kind} {uuid} {folder}saver/'


@pytest.mark.needs('sessions')
def test_the_answers_are_named_tuples(saver, manager, folder):
    (answer,) = manager.session_notify(1, folder)
    assert type(answer) is jack.SessionCommand
    assert answer.uuid == saver.uuid
    assert answer.client_name == 'saver'
    assert answer.command == 'saver'
    assert answer.flags == 0


@pytest.mark.needs('sessions')
def test_one_client_can_be_asked_alone(server, saver, manager, tmp_path):
    # JACK 1 makes a client's folder, and gives up if it is there already.
    first, second = tmp_path / 'first', tmp_path / 'second'
    first.mkdir()
    second.mkdir()
    with Peer(server, SAVER) as peer:
        peer.hear('up')
        for name in 'saver', 'saver-01':
            answers = manager.session_notify(1, f'{first}/', target=name)
            assert [answer.client_name for answer in answers] == [name]
        answers = manager.session_notify(1, f'{second}/')
        assert {a.client_name for a in answers} == {'saver', 'saver-01'}
    assert len(saver.events) == 2


def test_without_a_session_client_nobody_answers(manager, folder):
    assert manager.session_notify(1, folder) == []
    assert manager.session_notify(1, folder, target='nobody') == []


@pytest.mark.needs('sessions')
def test_an_event_can_be_answered_later_by_another_thread(
    make_client, manager, folder, events
):
    client = make_client('late')
    client.set_session_callback(events.put)
    client.activate()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = pool.submit(manager.session_notify, 1, folder)
        event = events.next()
        assert not answers.done()
        event.command_line = 'late'
        assert client.session_reply(event) is None
        assert [a.command for a in answers.result(5)] == ['late']


@pytest.mark.needs('sessions')
def test_the_event_says_what_to_do(saver, manager, folder):
    manager.session_notify(3, folder)
    (event,) = saver.events
    assert event.type == 3
    assert event.session_dir == f'{folder}saver/'
    assert event.client_uuid == saver.uuid
    assert type(event.type) is int


@pytest.mark.needs('sessions')
def test_an_event_shows_what_it_is_and_whether_it_was_answered(
    make_client, manager, folder
):
    client = make_client('shown')
    shown = []

    @client.set_session_callback
    def session(event):
        shown.append(repr(event))
        client.session_reply(event)
        shown.append(repr(event))

    client.activate()
    manager.session_notify(1, folder)
    assert [text.rpartition(', ')[2] for text in shown] == [
        'to be answered>',
        'answered>',
    ]
    assert shown[0].startswith('<jack.SessionEvent of type 1 in ')


@pytest.mark.needs('sessions')
def test_an_event_is_answered_once(saver, manager, folder):
    manager.session_notify(1, folder)
    with pytest.raises(jack.JackError, match='already'):
        saver.session_reply(saver.events[0])


@pytest.mark.needs('sessions')
def test_a_callback_that_fails_answers_with_an_error(
    make_server, run_python, tmp_path
):
    # Without an answer, JACK 2 has the manager wait for a long time.
    run_python(
        """
        import os
        import sys
        import time
        import jack

        manager, client = jack.Client('manager'), jack.Client('broken')

        @client.set_session_callback
        def session(event):
            raise ValueError('not saved')

        client.activate()
        for name in 'first', 'second':
            folder = f'{sys.argv[1]}/{name}/'
            os.mkdir(folder)
            begin = time.monotonic()
            (answer,) = manager.session_notify(1, folder)
            assert answer.client_name == 'broken'
            assert answer.flags & 1
            assert time.monotonic() - begin < 2
            assert isinstance(client.last_exception, ValueError)
        client.close()
        manager.close()
        """,
        tmp_path,
        server=make_server(),
        timeout=60,
    )


@pytest.mark.needs('sessions')
def test_a_callback_that_fails_after_its_answer_does_not_answer_again(
    make_server, run_python, folder
):
    child = run_python(
        """
        import sys
        import jack

        manager, client = jack.Client('manager'), jack.Client('hasty')

        @client.set_session_callback
        def session(event):
            event.command_line = 'hasty'
            client.session_reply(event)
            raise ValueError('too late')

        client.activate()
        (answer,) = manager.session_notify(1, sys.argv[1])
        assert (answer.command, answer.flags) == ('hasty', 0)
        client.close()
        manager.close()
        """,
        folder,
        server=make_server(),
    )
    assert child.stderr.count('ValueError: too late') == 1
    assert child.stderr.count('Traceback') == 1
    assert 'clean-up' not in child.stderr


@pytest.mark.needs('sessions')
@pytest.mark.needs('patience with lost session managers')
def test_an_event_may_be_answered_when_its_manager_has_gone(
    make_server, run_python, folder
):
    run_python(
        """
        import queue
        import subprocess
        import sys
        import jack
        from tests.notifications import wait_until

        MANAGER = (
            'import sys; import jack; '
            'jack.Client("manager").session_notify(1, sys.argv[1])'
        )
        client = jack.Client('late')
        events = queue.SimpleQueue()
        client.set_session_callback(events.put)
        client.activate()
        manager = subprocess.Popen(
            [sys.executable, '-c', MANAGER, sys.argv[1]])
        event = events.get(timeout=10)
        manager.kill()
        manager.wait()

        def has_manager():
            try:
                return client.get_uuid_for_client_name('manager')
            except jack.JackError:
                return False

        wait_until(lambda: not has_manager())
        client.session_reply(event)
        client.close()
        jack.Client('following').close()
        """,
        folder,
        server=make_server(),
    )


@pytest.mark.parametrize('event', [None, 'event', 7], ids=repr)
def test_what_is_no_event_cannot_be_answered(client, event):
    with pytest.raises(TypeError):
        client.session_reply(event)


@pytest.mark.needs('sessions')
@pytest.mark.parametrize(
    ('attribute', 'value', 'error'),
    [
        ('command_line', None, TypeError),
        ('command_line', 'a\0b', ValueError),
        ('command_line', 'a' * 256, ValueError),
        ('flags', -1, ValueError),
        ('flags', 1.5, TypeError),
    ],
)
def test_an_answer_of_a_wrong_kind_is_refused_and_can_be_mended(
    make_client, manager, folder, attribute, value, error
):
    client = make_client('saver')
    refused = []

    @client.set_session_callback
    def session(event):
        right = getattr(event, attribute)
        setattr(event, attribute, value)
        try:
            client.session_reply(event)
        except error as e:
            refused.append(e)
        setattr(event, attribute, right)
        client.session_reply(event)

    client.activate()
    assert len(manager.session_notify(1, folder)) == 1
    assert len(refused) == 1


@pytest.mark.parametrize(
    ('args', 'error'),
    [
        ((-1, '/tmp/'), ValueError),
        (('1', '/tmp/'), TypeError),
        ((1, b'/tmp/'), TypeError),
        ((1, '/tmp/\0'), ValueError),
        ((1, ''), ValueError),
        ((1, '/tmp/' + 'x' * 250 + '/'), ValueError),
        ((1, '/tmp/', 7), TypeError),
    ],
    ids=repr,
)
def test_arguments_of_a_wrong_kind_are_refused(client, args, error):
    with pytest.raises(error):
        client.session_notify(*args)


@pytest.mark.needs('sessions')
def test_what_is_as_long_as_it_may_be_arrives(make_client, manager, tmp_path):
    client = make_client('saver')
    events = []

    @client.set_session_callback
    def session(event):
        events.append(event)
        event.command_line = 'x' * 255
        client.session_reply(event)

    client.activate()
    missing = 255 - len(f'{tmp_path}//saver/')
    folder = tmp_path / ('x' * missing)
    folder.mkdir()
    (answer,) = manager.session_notify(1, f'{folder}/', 'saver')
    assert answer.command == 'x' * 255
    assert events[0].session_dir == f'{folder}/saver/'
    with pytest.raises(ValueError, match='path is too long: 250 bytes'):
        manager.session_notify(1, f'{folder}x/', 'saver')


# -- Who takes part -----------------------------------------------------------


@pytest.mark.needs('sessions')
def test_clients_with_a_session_callback_are_known(server, manager, saver):
    assert manager.has_session_callback('saver') is True
    assert manager.has_session_callback('manager') is False
    with Peer(server, SAVER) as peer:
        peer.hear('up')
        assert manager.has_session_callback('saver-01') is True
    with pytest.raises(jack.JackErrorCode, match='nobody'):
        manager.has_session_callback('nobody')


# -- Reserved names -----------------------------------------------------------


@pytest.mark.needs('sessions')
@pytest.mark.needs('reserved client names')
def test_a_reserved_name_is_kept_for_its_client(manager, make_client):
    uuid = '77777777777'
    assert manager.reserve_client_name('held', uuid) is None
    other = make_client('held')
    assert other.name != 'held'
    first = make_client('anything', session_id=uuid)
    assert first.name == 'held'
    assert first.uuid == uuid


@pytest.mark.needs('sessions')
def test_a_name_that_is_taken_cannot_be_reserved(manager, client):
    with pytest.raises(jack.JackErrorCode, match=client.name):
        manager.reserve_client_name(client.name, '88888888888')


@pytest.mark.parametrize(
    ('args', 'error'),
    [
        (('held', 'no number'), jack.JackError),
        (('held', ''), ValueError),
        (('', '12345678901'), ValueError),
        ((None, '12345678901'), TypeError),
        (('held', 12345678901), TypeError),
    ],
    ids=repr,
)
def test_a_reservation_of_a_wrong_kind_is_refused(client, args, error):
    with pytest.raises(error):
        client.reserve_client_name(*args)
