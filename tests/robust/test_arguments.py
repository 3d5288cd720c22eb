"""Wrong arguments are refused with words that a user can understand."""

import pytest


@pytest.mark.parametrize(
    'group',
    [
        'opening',
        'client',
        'active-client',
        'ports',
        'cycle',
        'functions',
        'values',
    ],
)
def test_what_a_parameter_cannot_take(make_server, run_module, group):
    # Each change of the blocksize or of freewheeling would take seconds
    # without -S.
    server = make_server(mode='sync')
    run_module('mistaken', group, server=server, timeout=100)
    assert server.alive(), server.log()
