"""hypothesis looks for what breaks; with the same seed every time.

`make soak` looks for longer.
"""

import pytest


@pytest.mark.needs('connections of active clients only')
def test_the_graph_is_what_a_model_says(make_server, run_module, lacks):
    server = make_server(mode='sync')
    phases = []
    if lacks('connections of active clients only'):
        # It takes long to find the smallest example of what is known.
        phases.append('generate')
    child = run_module('graph', 8, *phases, server=server, timeout=90)
    assert child.stderr == ''
    assert server.alive(), server.log()


def test_arbitrary_arguments_are_taken_or_refused_in_plain_words(
    make_server, run_module
):
    server = make_server(mode='sync')
    child = run_module('parsers', 100, server=server, timeout=90)
    assert child.stderr == ''
    assert server.alive(), server.log()
