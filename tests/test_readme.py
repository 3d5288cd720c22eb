"""The README's session and the docstrings' examples, line by line."""

import doctest

import pytest
import servers

import jack

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


README = doctest.DocTestParser().get_doctest(
    (servers.ROOT / 'README.rst').read_text(encoding='utf-8'),
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


@pytest.mark.parametrize(
    'test', [README, *DOCSTRINGS], ids=lambda test: test.name
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
