"""The README's program and session, and the docstrings' examples."""

import ast
import doctest
import subprocess
import textwrap
import threading

import numpy as np
import pages
import pytest
import servers

import jack

PATIENCE = 30

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


TEXT = (servers.ROOT / 'README.rst').read_text(encoding='utf-8')
(PROGRAM,) = (
    block.text
    for block in pages.blocks(servers.ROOT / 'README.rst')
    if block.language == 'python'
)
README = doctest.DocTestParser().get_doctest(
    TEXT,
    {},
    'README',
    'README.rst',
    0,
)
DOCSTRINGS = [
    test
    for test in doctest.DocTestFinder().find(jack, 'jack', globs={})
    if test.examples
]


NEEDS = {
    'README': [
        'flags of ports without hardware',
        'ports in the order of their registration',
    ],
    'jack.Client.name': ['names of one client each'],
    'jack.Client.transport_reposition': [
        'positions that are more than a frame'
    ],
    'jack.JackOpenError': ['names of one client each'],
    'jack.OwnPort.tie': ['tied ports'],
    'jack.Port': ['flags of ports without hardware'],
    'jack.Port.get_latency_range': ['flags of ports without hardware'],
}


@pytest.mark.parametrize(
    'test',
    [
        pytest.param(
            test,
            marks=[
                pytest.mark.needs(feature)
                for feature in NEEDS.get(test.name, [])
            ],
        )
        for test in (README, *DOCSTRINGS)
    ],
    ids=lambda test: test.name,
)
def test_example_gives_the_output_it_shows(test, server):
    report = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    result = runner.run(test, out=report.append, clear_globs=False)
    for value in test.globs.values():
        if isinstance(value, jack.Client):
            value.close()
    assert result.attempted == len(test.examples) > 0
    assert result.failed == 0, ''.join(report)


def test_readme_uses_the_library():
    source = ''.join(example.source for example in README.examples)
    for name in (
        'jack.Client(',
        'register(',
        'get_ports(',
        'activate(',
        'connect(',
        'disconnect(',
        'unregister(',
        'close(',
    ):
        assert name in source


def test_readme_program_is_short_and_on_the_first_screen():
    assert len(ast.parse(PROGRAM).body) <= 10
    first_screen = ''.join(TEXT.splitlines(keepends=True)[:28])
    assert textwrap.indent(PROGRAM.strip(), '   ') in first_screen
    assert 'No sound card is needed' in first_screen


def test_readme_program_plays_a_sine(server, client, wait_until, tmp_path):
    tape = client.inports.register('tape')
    in_tune = threading.Event()

    @client.set_process_callback
    def listen(frames):
        n = client.last_frame_time + np.arange(frames)
        sine = np.sin(440 * 2 * np.pi * n / client.samplerate) / 5
        if np.abs(tape.get_array() - sine).max() < 0.001:
            in_tune.set()

    client.activate()
    process = subprocess.Popen(
        servers.python_command(PROGRAM),
        env=servers.python_env(server.env),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        # It has to import NumPy first, on a machine which may be busy.
        wait_until(lambda: client.get_ports('^sine:out$'), PATIENCE)
        wait_until(lambda: client.get_all_connections('sine:out'), PATIENCE)
        client.connect('sine:out', tape)
        assert in_tune.wait(PATIENCE)
        process.communicate('\n', PATIENCE)
    assert process.returncode == 0
