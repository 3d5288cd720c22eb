"""No member of anything does harm after its end, or says nothing of it."""

import queue
import threading

import pytest

import jack


def test_every_member_of_a_client_that_was_never_opened(run_module):
    child = run_module('ended', 'unopened', timeout=30)
    assert child.stderr == ''


@pytest.mark.parametrize('state', ['closed', 'closed-active'])
def test_every_member_after_close(mode_server, run_module, state):
    child = run_module('ended', state, server=mode_server, timeout=30)
    assert child.stderr == ''


def test_every_member_while_another_thread_closes(mode_server, run_module):
    child = run_module(
        'ended', 'closed-while-used', server=mode_server, timeout=30
    )
    assert child.stderr == ''


@pytest.mark.parametrize('state', ['unregistered', 'unregistered-in-cycle'])
def test_every_member_of_an_unregistered_port(mode_server, run_module, state):
    child = run_module('ended', state, server=mode_server, timeout=30)
    assert child.stderr == ''


def test_every_member_of_a_port_whose_owner_was_killed(
    mode_server, run_module
):
    child = run_module('ended', 'bereft', server=mode_server, timeout=30)
    assert child.stderr == ''


def test_every_member_after_the_servers_end(mode_server, run_module):
    child = run_module(
        'ended', 'lost', mode_server.pid, server=mode_server, timeout=30
    )
    assert child.stderr == ''


def test_a_port_may_wait_for_its_end_while_its_client_is_closed(
    client, wait_until
):
    port = client.inports.register('in')
    errors = queue.SimpleQueue()

    def unregister():
        try:
            port.unregister()
        except BaseException as error:
            errors.put(error)

    thread = threading.Thread(target=unregister, daemon=True)
    with client._core.changing():
        thread.start()
        wait_until(lambda: client._core.changers)
        client.close()
    error = errors.get(timeout=5)
    assert isinstance(error, jack.JackError), repr(error)
    assert 'closed' in str(error)
    # It has not come back to life by that.
    with pytest.raises(jack.JackError, match='closed'):
        print(port.name)
