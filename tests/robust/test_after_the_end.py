"""No member of anything does harm after its end, or says nothing of it."""

import pytest


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
