"""What the build of the documentation makes, and what it has to show."""

import importlib.util
import pathlib
import re

import pytest

import jack

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOC = ROOT / 'doc'
EXAMPLES = sorted(path.stem for path in ROOT.glob('examples/*.py'))
PAGES = sorted({path.name for path in DOC.glob('*.rst')} - {'index.rst'})


@pytest.fixture(scope='module')
def made():
    spec = importlib.util.spec_from_file_location('made', DOC / 'made.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def source():
    return ROOT.joinpath('jack.py').read_text('utf-8')


@pytest.fixture(scope='module')
def index(made, source):
    """C function: what stands beside it in the index."""
    rows = re.findall(
        r'^   \* - `+(jack_\w+)`+_?\n     - (.*)$',
        made.c_index(source),
        re.MULTILINE,
    )
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_the_index_has_each_declared_function(made, source, index):
    declared = {name for _, name in made.declared_functions(source)}
    assert len(declared) > 130
    assert declared <= set(index)


def test_each_name_in_the_index_exists(index):
    for cell in index.values():
        for path in re.findall(r'(?<!`)`([A-Za-z_.]+)`(?!`)', cell):
            if path.startswith('threading.'):
                continue
            value = jack
            for name in path.split('.'):
                value = getattr(value, name)


def test_the_index_tells_who_calls(index):
    assert index['jack_port_rename'] == '`Port.shortname`'
    assert index['jack_client_open'] == '`Client`'
    assert index['jack_client_new'].startswith('left out.')


@pytest.mark.parametrize('name', EXAMPLES)
def test_an_example_is_shown_with_what_it_prints(name):
    page = DOC.joinpath('examples.rst').read_text('utf-8')
    assert f'.. literalinclude:: ../examples/{name}.py\n' in page
    assert f'.. literalinclude:: printed/{name}.txt\n' in page
    printed = DOC.joinpath('printed', f'{name}.txt').read_text('utf-8')
    assert f'$ python3 {name}.py' in printed
    assert 'Traceback' not in printed


@pytest.mark.parametrize('page', PAGES)
def test_a_page_can_be_found(page):
    contents = DOC.joinpath('index.rst').read_text('utf-8').splitlines()
    assert f'   {page[:-4]}' in contents


def test_figures_become_tables(made, tmp_path, monkeypatch):
    folder = tmp_path / 'benchmarks'
    folder.mkdir()
    text = 'By `make bench`.\n\n| work | ours |\n|---|--:|\n| empty | 17 |\n'
    folder.joinpath('results.md').write_text(text)
    folder.joinpath('growth.svg').write_text('<svg/>')
    monkeypatch.setattr(made, 'ROOT', tmp_path)
    result = made.measured()
    assert 'By ``make bench``.' in result
    assert '   * - work\n     - ours\n   * - empty\n     - 17\n' in result
    assert '.. image:: ../benchmarks/growth.svg' in result


def test_without_figures_there_is_nothing(made, tmp_path, monkeypatch):
    monkeypatch.setattr(made, 'ROOT', tmp_path)
    assert made.measured() == ''
