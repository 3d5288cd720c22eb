"""What the build of the documentation makes, and what it has to show."""

import ast
import doctest
import importlib.metadata
import importlib.util
import inspect
import os
import pathlib
import pydoc
import re
import signal
import subprocess
import sys
import textwrap

import needs
import pages
import pytest
import servers

import jack

ROOT = servers.ROOT
DOC = pages.DOC
PATIENCE = 20  # seconds; the machine may be busy with other things
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


@pytest.fixture(scope='module')
def headers():
    """Each header of JACK, with nothing left of its comments but groups."""
    folder = pathlib.Path('/usr/include/jack')
    if not folder.joinpath('jack.h').exists():
        needs.missing('there are no headers of JACK')
    return {
        path.stem.upper(): re.sub(
            r'/\*.*?\*/',
            lambda match: ' '.join(re.findall(r'@defgroup \w+|@}', match[0])),
            path.read_text('utf-8'),
            flags=re.DOTALL,
        )
        for path in folder.glob('*.h')
    }


def test_a_c_function_is_on_the_page_of_its_group(made, source, headers):
    for header, function in made.declared_functions(source):
        before = re.split(rf'\b{function}\s*\(', headers[header])[0]
        assert before != headers[header], function
        *_, (subject, _) = [
            ('', ''),
            *re.findall(r'@defgroup (\w+)|(@})', before),
        ]
        page = f'group__{subject}' if subject else f'{header.lower()}_8h'
        assert made.c_page(header, function) == f'{page}.html', function


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
    blocks = pages.blocks(ROOT / 'CONTRIBUTING.rst')
    (declaration,) = (b.text for b in blocks if b.language == 'c')
    (method,) = (b.text for b in blocks if b.language == 'python')
    assert declaration in source
    assert textwrap.indent(method, '    ') in source


def test_the_messages_on_the_page_are_those_of_the_module(source):
    page = DOC.joinpath('what_can_go_wrong.rst').read_text('utf-8')
    messages = re.findall(r'^``(.+)``$', page, re.MULTILINE)
    assert len(messages) > 20
    # An f-string is one constant between two of its fields.
    constants = '\n'.join(
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    # Names, numbers, what is left out, and words that are filled in.
    fields = (
        r"'[\w:]+'|\w+\(\)|\d+|\.\.\."
        r'|\b(closed|connect|the blocksize|write_space)\b'
    )
    for message in messages:
        for part in re.sub(fields, '\n', message).splitlines():
            assert part.strip(' :') in constants, message


# -- Code blocks --------------------------------------------------------------

# Sessions with >>> are run by `make docs`, and examples by test_examples.py.
# Python that is written otherwise has to be run by a test, here or in
# test_readme.py and test_netjack.py.
PYTHON_IS_RUN = {'CONTRIBUTING.rst', 'README.rst', 'several_machines.rst'}


def test_the_blocks_are_found():
    assert {'python', 'sh', 'c'} <= {b.language for b in pages.BLOCKS}
    assert {
        b.page for b in pages.BLOCKS if b.language == 'python'
    } == PYTHON_IS_RUN


@pytest.mark.parametrize(
    'block', pages.BLOCKS, ids=lambda block: f'{block.page}:{block.line}'
)
def test_a_code_block_does_not_hide_python(block):
    assert '>>>' not in block.text
    if block.language != 'python':
        with pytest.raises(SyntaxError):
            compile(block.text, block.page, 'exec')


# Commands which no test can run, by how they begin, and why.
NOT_RUN = {
    '.venv/bin/python -m sphinx ': 'make docs does',
    'jackd -d alsa ': 'needs a sound card',
    'jackd -d net ': 'in test_netjack.py',
    'pipewire ': 'in servers.py',
    'pw-jack ': 'needs the package to be installed',
}


def commands():
    """The command lines of all pages, without comments."""
    for block in pages.BLOCKS:
        if block.language == 'sh':
            for line in block.text.replace('\\\n', ' ').splitlines():
                command = re.sub(r'\s+(# .*|&)?$', '', ' '.join(line.split()))
                if not command.startswith(tuple(NOT_RUN)):
                    yield command


COMMANDS = list(dict.fromkeys(commands()))


def kind_of(command):
    """The first of these patterns which a command begins with."""
    for kind in (
        'make ',
        'python3 -m pip install ',
        'jackd -r -d dummy',
        'python3 [a-z_]+.py',
        'python3 -m jack',
        'jack_property ',
        'sed ',
    ):
        if re.match(kind, command):
            return kind
    raise ValueError(f'{command}: no test runs it, and NOT_RUN has no reason')


def commands_of(kind):
    return pytest.mark.parametrize(
        'command', [c for c in COMMANDS if kind_of(c) == kind]
    )


def dry_run(command):
    subprocess.run(
        [*command.split(), '--dry-run'],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@commands_of('make ')
def test_a_target_exists(command):
    dry_run(command)


def test_travis_runs_what_is_there_with_each_python():
    text = (ROOT / '.travis.yml').read_text()
    commands = re.findall(r'(?:script: | && )([^&\n]+?)(?= &&|$)', text, re.M)
    assert len(commands) > 2
    for command in commands:
        if command.startswith('make '):
            dry_run(command)
        else:
            assert os.access(ROOT / command, os.X_OK)
    metadata = importlib.metadata.metadata('JACK-Client')
    assert sorted(re.findall(r"'(3\.\d+)'", text)) == sorted(
        line.split()[-1]
        for line in metadata.get_all('Classifier')
        if line.startswith('Programming Language :: Python :: 3.')
    )


@commands_of('python3 -m pip install ')
def test_what_is_to_be_installed_is_this(command):
    name, _, extra = command.split()[-1].strip("']").partition('[')
    metadata = importlib.metadata.metadata('JACK-Client')
    assert name == metadata['Name']
    assert {extra.lower()} <= {'', *metadata.get_all('Provides-Extra')}


@pytest.mark.needs('start with jackd')
@commands_of('jackd -r -d dummy')
def test_a_server_starts_as_described(command, server_class):
    class Typed(server_class):
        command = None

    Typed.command = command.split()
    server = Typed()
    with server:
        ports = server.run(['jack_lsp']).stdout.split()
    assert 'system:playback_2' in ports
    assert server.leftovers() == []


def run_in_bash(server, command, folder):
    return servers.run_child(
        [
            *('bash', '-e', '-o', 'pipefail', '-c'),
            f'python3() {{ "$PYTHON" "$@"; }}\n{command}',
        ],
        {**servers.python_env(server.env), 'PYTHON': sys.executable},
        folder,
    ).stdout


@commands_of('python3 -m jack')
def test_a_command_works(command, server, tmp_path):
    run_in_bash(server, command, tmp_path)


@pytest.mark.needs('ports called system:capture_1 and so on')
def test_properties_come_and_go_as_described(server, tmp_path):
    commands = [c for c in COMMANDS if kind_of(c) == 'jack_property ']
    run_in_bash(server, '\n'.join(commands), tmp_path)
    _, look, put, take = commands
    assert run_in_bash(server, look, tmp_path) == ''
    script = '\n'.join([put, look, take])
    assert 'value: Vocals' in run_in_bash(server, script, tmp_path)


@commands_of('sed ')
def test_the_configuration_is_filled_in(command, tmp_path):
    tmp_path.joinpath('tests').symlink_to(ROOT / 'tests')
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    (written,) = tmp_path.glob('*.conf')
    assert re.search('^ *audio.rate = 48000 ', written.read_text(), re.M)
    assert '@' not in written.read_text()


@commands_of('python3 [a-z_]+.py')
def test_an_example_starts_as_described(
    command, server, client, make_client, wait_until, tmp_path
):
    sine = make_client('sine')
    # One of them records what is physical, of which there may be nothing.
    sine.outports.register('out', is_physical=True)
    sine.activate()
    _, name, *arguments = command.split()
    printed = tmp_path / 'printed'
    with printed.open('w') as file:
        process = subprocess.Popen(
            [sys.executable, ROOT / 'examples' / name, *arguments],
            env=servers.python_env(server.env),
            cwd=tmp_path,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    with process:
        try:
            wait_until(
                lambda: 'Ctrl+C ends it' in printed.read_text(), PATIENCE
            )
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
        finally:
            # If it has not ended, the test must not wait for it for ever.
            process.kill()
    assert process.returncode == 0, printed.read_text()


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
    text = (
        '# Benchmarks\n\nBy `make bench`.\n\n## Cost\n\n'
        '| work | ours |\n|---|--:|\n| empty | 17 [16 to 18] |\n'
    )
    folder.joinpath('results.md').write_text(text)
    monkeypatch.setattr(made, 'ROOT', tmp_path)
    sections = made.measured()
    assert list(sections) == ['Benchmarks', 'Cost']
    assert 'By ``make bench``.' in sections['Benchmarks']
    rows = '   * - work\n     - ours\n   * - empty\n     - 17 :spread:'
    assert f'{rows}`16–18`\n' in sections['Cost']


def test_the_growth_of_costs_is_drawn_and_described(made):
    for drawing, description in made.growth().values():
        assert 0 < drawing.count('<path d="M') < drawing.count('<circle')
        assert re.search(r'peer from [\d.,]+ to [\d.,]+', description)
        assert re.search(r'ours from [\d.,]+ to [\d.,]+', description)


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


def test_the_page_tells_which_server_is_running(server_class):
    """As "Servers compared" shows; its session is for JACK 2 only."""
    page = DOC.joinpath('servers.rst').read_text('utf-8')
    shown = doctest.DocTestParser().get_examples(page)
    names = {}
    for example in shown[:-1]:
        exec(example.source, names)
    last = shown[-1].source
    assert server_class.title.startswith(eval(last, names))
