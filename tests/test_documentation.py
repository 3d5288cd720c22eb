"""What the build of the documentation makes, and what it has to show."""

import importlib.util
import inspect
import pathlib
import pydoc
import re
import textwrap

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


def test_each_member_of_the_client_has_a_subject(made, source):
    page = made.client_by_subject(source)
    shown = re.findall(r'^.. auto\w+:: Client\.(\w+)$', page, re.MULTILINE)
    assert sorted(shown) == [
        name for name in dir(jack.Client) if not name.startswith('_')
    ]


@pytest.mark.parametrize('name', EXAMPLES)
def test_an_example_is_shown_with_what_it_prints(name):
    page = DOC.joinpath('examples.rst').read_text('utf-8')
    assert f'.. literalinclude:: ../examples/{name}.py\n' in page
    assert f'.. literalinclude:: printed/{name}.txt\n' in page
    printed = DOC.joinpath('printed', f'{name}.txt').read_text('utf-8')
    assert f'$ python3 {name}.py' in printed
    assert 'Traceback' not in printed


def test_the_worked_example_for_contributors_is_how_it_is_done(source):
    text = ROOT.joinpath('CONTRIBUTING.rst').read_text('utf-8')
    blocks = re.findall(
        r'::\n\n((?:       .*\n|\n)+)', text.partition('Adding a')[2]
    )
    assert len(blocks) == 2
    for block in blocks:
        code = textwrap.dedent(block).strip()
        assert code in source or textwrap.indent(code, '    ') in source


def test_help_opens_with_a_map():
    text = pydoc.plain(pydoc.render_doc(jack))
    first_screen = text.splitlines()[:24]
    assert sum('to ' in line for line in first_screen) > 5
    assert 'A map of the module, by purpose:' in ''.join(first_screen)


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


REALTIME = re.compile(
    r'\b(Realtime-safe|Not realtime-safe|Only in the process callback)\.'
)

# These are Python's own business; all others say which C function they call.
NOT_C = {
    'Client.active',
    'Client.closed',
    'Client.last_exception',
    'Client.status',
    'Client.xrun_count',
    'Client.inports',
    'Client.outports',
    'Client.midi_inports',
    'Client.midi_outports',
    'OwnPort.address',
    'OwnMidiPort.get_array',
    'OwnMidiPort.get_buffer',
    'RingBuffer.size',
    'function_address',
    'position2dict',
}


def functions():
    """All functions, methods and properties that users can reach."""
    found = {}
    for name, value in vars(jack).items():
        if name.startswith('_') or getattr(value, '__module__', '') != 'jack':
            continue
        if inspect.isfunction(value):
            found[name] = value
        elif inspect.isclass(value):
            for key, member in vars(value).items():
                function = getattr(member, 'fget', member)
                if (
                    inspect.isfunction(function)
                    and not key.startswith('_')
                    and function.__module__ == 'jack'
                    and not hasattr(value, '_fields')
                    and value not in (jack.Status, jack.TransportState)
                ):
                    found[f'{name}.{key}'] = member
    return found


FUNCTIONS = functions()


def test_the_docstrings_are_found():
    assert len(FUNCTIONS) > 150
    assert {'Client.connect', 'Port.name', 'get_time'} <= set(FUNCTIONS)


@pytest.mark.parametrize('name', FUNCTIONS)
def test_a_docstring_tells_what_users_need(name):
    text = inspect.getdoc(FUNCTIONS[name])
    function = getattr(FUNCTIONS[name], 'fget', FUNCTIONS[name])
    signature = inspect.signature(function)
    assert text.splitlines()[0].endswith('.')
    if signature.return_annotation != '_t.NoReturn':
        assert len(REALTIME.findall(' '.join(text.split()))) == 1
    sections = dict(
        re.findall(
            r'^(\w[\w ]+)\n-+\n(.*?)(?=^\w[\w ]+\n-+\n|\Z)',
            text,
            re.MULTILINE | re.DOTALL,
        )
    )
    described = re.findall(
        r'^(\S.*)$', sections.get('Parameters', ''), re.MULTILINE
    )
    described = [item for line in described for item in line.split(', ')]
    taken = [
        '*' * (parameter.kind is parameter.VAR_KEYWORD) * 2 + key
        for key, parameter in signature.parameters.items()
        if key != 'self'
    ]
    assert sorted(described) == sorted(taken)
    if inspect.isfunction(FUNCTIONS[name]) and (
        signature.return_annotation not in ('None', '_t.NoReturn')
    ):
        assert 'Returns' in sections or 'Yields' in sections
    last = text.rstrip().rpartition('\n\n')[2].rpartition('---\n')[2]
    if name.endswith(('.is_audio', '.is_midi')) or name in NOT_C:
        assert 'Calls:' not in text
    else:
        assert re.match(r'Calls: `jack_\w+`_', last)
