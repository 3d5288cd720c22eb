"""Much at once, and much in a row: short forms of what `make soak` does."""

import concurrent.futures
import re

import pytest


def complaints(child):
    """What is on its stderr, but for this: JACK 2's libjack prints a line
    where a client hears of another that has left in the meantime."""
    return re.sub(
        "Connect: can't connect named futex .* No such file or directory\n",
        '',
        child.stderr,
    )


def test_eight_threads_use_one_client_while_cycles_run(
    make_server, run_module
):
    server = make_server(blocksize=64)
    child = run_module('load', 'threads', 2, server=server, timeout=60)
    assert child.stderr == ''


def test_threads_activate_and_deactivate_a_client_that_others_use(
    mode_server, run_module
):
    child = run_module('load', 'switches', 2, server=mode_server, timeout=60)
    assert child.stderr == ''


def test_threads_use_all_members_while_the_client_ends(
    mode_server, run_module
):
    child = run_module('crowd', 3, server=mode_server, timeout=60)
    assert 'Traceback' not in child.stderr


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(
            'SIGKILL',
            marks=pytest.mark.needs(
                'activations during which the server ends'
            ),
        ),
        'SIGSTOP',
    ],
)
def test_threads_use_all_members_while_the_server_ends(
    make_server, run_module, name
):
    server = make_server()
    args = 3, name, server.pid
    child = run_module('crowd', *args, server=server, timeout=60)
    assert 'Traceback' not in child.stderr


@pytest.mark.needs('more than 256 ports')
def test_a_client_may_have_500_ports(make_server, run_module):
    server = make_server(mode='sync')
    child = run_module('load', 'ports', 500, server=server, timeout=60)
    assert child.stderr == ''


@pytest.mark.needs('a limit of ports that can be set')
def test_the_error_names_the_limit_of_ports(make_server, run_module):
    server = make_server(mode='sync', args=['-p', '128'])
    child = run_module('load', 'port-limit', server=server, timeout=60)
    assert child.stderr == ''


def test_ports_may_vanish_while_lists_are_made(mode_server, run_module):
    child = run_module('load', 'vanishing', 1, server=mode_server, timeout=30)
    assert child.stderr == ''


@pytest.mark.needs('safety while many ports vanish')
def test_a_client_does_not_mind_what_others_do(make_server, run_module):
    server = make_server(mode='sync', blocksize=64)
    child = run_module('load', 'beside', 250, server=server, timeout=60)
    assert complaints(child) == ''


@pytest.mark.needs('memory of closed clients')
def test_closed_clients_leave_nothing_behind(mode_server, run_module):
    child = run_module('load', 'churn', 20, server=mode_server, timeout=60)
    assert child.stderr == ''


def test_programs_come_and_go_beside_each_other(mode_server, run_module):
    def run(_):
        return run_module(
            'load', 'neighbours', 5, server=mode_server, timeout=60
        )

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for child in pool.map(run, range(6)):
            assert complaints(child) == ''


def test_a_hundred_thousand_cycles_leave_the_memory_level(
    make_server, run_module
):
    server = make_server(mode='sync')
    child = run_module('load', 'cycles', 100_000, server=server, timeout=60)
    assert child.stderr == ''
