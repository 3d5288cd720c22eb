"""Importing the module, with and without a JACK library."""

import importlib.metadata
import os
import pathlib
import re
import shutil
import sys
import types

import pytest
import servers

import jack

WHERE_TO_GET_IT = {
    'Debian/Ubuntu': 'apt',
    'Fedora': 'dnf',
    'Arch': 'pacman',
    'macOS': 'brew',
    'Windows': 'https://jackaudio.org',
}

# No library can be opened; prints what was asked for.
HIDE_LIBRARIES = """
import cffi

def dlopen(ffi, name, flags=0):
    print('asked for', name)
    raise OSError(f'{name} is hidden')

cffi.FFI.dlopen = dlopen
"""


@pytest.fixture
def run_alone(tmp_path, monkeypatch):
    """Return a function that runs code next to nothing but jack.py.

    The keyword arguments become environment variables.
    """
    shutil.copy(servers.ROOT / 'jack.py', tmp_path)

    def run(code, check=True, **variables):
        __tracebackhide__ = True
        # Nothing is kept, so that what cffi does can be replaced.
        env = {**os.environ, 'PYTHONDONTWRITEBYTECODE': '1', **variables}
        del env['PYTHONPYCACHEPREFIX']
        for name in {'PYTHONPATH', 'JACK_LIBRARY'} - set(variables):
            env.pop(name, None)
        return servers.run_child(
            servers.python_command(code), env, tmp_path, check=check
        )

    return run


def loaded_library():
    """The path of the libjack in this process."""
    maps = pathlib.Path('/proc/self/maps').read_text()
    return re.search(r'/\S*libjack\S*', maps).group()


def public(module):
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith('_')
    }


def test_jack_py_works_alone_in_a_folder(run_alone, tmp_path):
    out = run_alone('import jack; print(jack.__file__, jack.ROLLING)').stdout
    assert out.split() == [str(tmp_path / 'jack.py'), '1']


def test_import_needs_nothing_but_cffi(run_alone):
    out = run_alone("""
        import sys
        before = set(sys.modules)
        import jack
        for name in sorted(set(sys.modules) - before):
            if '-packages' in str(getattr(sys.modules[name], '__file__', '')):
                print(name.partition('.')[0])
        """).stdout
    # cffi parses declarations with pycparser, and is part Python, part C.
    # PyPy comes with all of it.
    least = set() if sys.implementation.name == 'pypy' else {'cffi'}
    assert least <= set(out.split()) <= {
        'cffi',
        'pycparser',
        '_cffi_backend',
    }


def test_import_does_not_import_numpy(run_alone):
    pytest.importorskip('numpy')
    code = 'import jack, sys; print("numpy" in sys.modules)'
    assert run_alone(code).stdout == 'False\n'


def test_import_starts_no_process(run_alone):
    run_alone("""
        import sys

        def audit(event, args):
            if event in {'subprocess.Popen', 'os.system', 'os.fork',
                         'os.exec', 'os.posix_spawn', 'os.spawn'}:
                sys.exit(f'{event} {args}')

        sys.addaudithook(audit)
        import jack
        """)


IS_PARSED = """
import sys
import jack
jack.Client('quick').close()
print(any('pycparser' in name for name in sys.modules))
"""


def test_declarations_are_parsed_once(run_alone, server, tmp_path):
    def is_parsed(flag=''):
        env = {**server.env, 'PYTHONDONTWRITEBYTECODE': flag}
        return run_alone(IS_PARSED, **env).stdout

    cache = tmp_path / '__pycache__'
    assert is_parsed('1') == is_parsed('1') == 'True\n'
    assert not cache.exists()
    assert [is_parsed() for _ in range(3)] == ['True\n'] + 2 * ['False\n']
    kept = sorted(path.name for path in cache.iterdir())
    # Others change them: another version of this module, or of cffi.
    path = tmp_path / 'jack.py'
    source = path.read_text('utf-8')
    path.write_text(source.replace('double tick_double;', 'double other;'))
    assert [is_parsed() for _ in range(2)] == ['True\n', 'False\n']
    assert sorted(path.name for path in cache.iterdir()) == kept


def test_a_client_may_be_collected_while_cffi_parses(run_alone, server):
    """It is at every moment that the garbage collector may come."""
    run_alone(
        """
        import gc
        import time
        import jack

        clients = [jack.Client('in-between')]
        core = clients[0]._core
        parser = jack._ffi._parser
        parse = parser.parse_type

        def parse_type(declaration):
            clients.clear()
            gc.collect()
            return parse(declaration)

        parser.parse_type = parse_type
        jack._ffi.typeof('short[5]')
        assert not clients
        deadline = time.monotonic() + 5
        while core.ptr is not None:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        """,
        **server.env,
    )


def test_a_folder_that_cannot_be_written_to_is_none_of_our_business(
    run_alone, tmp_path
):
    (tmp_path / '__pycache__').touch()
    child = run_alone('import jack', PYTHONDONTWRITEBYTECODE='')
    assert (child.stdout, child.stderr) == ('', '')


def test_import_prints_nothing(run_alone):
    child = run_alone('import jack')
    assert (child.stdout, child.stderr) == ('', '')


def test_first_library_tried_is_the_soname(run_alone):
    if not sys.platform.startswith('linux'):
        pytest.skip('sonames are a matter of ELF')
    child = run_alone(HIDE_LIBRARIES + 'import jack', check=False)
    assert child.stdout.splitlines()[0] == 'asked for libjack.so.0'


@pytest.mark.parametrize(
    ('platform', 'expected'),
    [
        ('linux', ['libjack.so.0', 'libjack.so']),
        ('freebsd14', ['libjack.so.0', 'libjack.so']),
        (
            'darwin',
            [
                'libjack.0.dylib',
                '/opt/homebrew/lib/libjack.0.dylib',
                '/usr/local/lib/libjack.0.dylib',
            ],
        ),
        ('win32', ['libjack64.dll', 'W:\\indows\\libjack64.dll']),
    ],
)
def test_missing_library_is_one_os_error_that_lists_what_was_tried(
    run_alone, platform, expected
):
    child = run_alone(
        HIDE_LIBRARIES
        + f"""
import enum, queue, subprocess, sys, threading, traceback, typing
sys.platform = {platform!r}
try:
    import jack
except Exception as e:
    print(type(e) is OSError, e.__context__)
    print(e)
""",
        SystemRoot='W:\\indows',
    )
    asked, _, told = child.stdout.partition('True None\n')
    names = [line.removeprefix('asked for ') for line in asked.splitlines()]
    assert told
    assert [name for name in names if name in expected] == expected
    for name in names:
        # The loader's own words are there for each of them.
        assert f'{name} is hidden' in told


# By Microsoft's documentation of 32-bit programs on 64-bit Windows; Windows of
# 32 bits has the folders of WINDOWS.
WINDOWS = {'SystemRoot': 'C:\\Windows', 'ProgramFiles': 'C:\\Program Files'}
WINDOWS_64 = {**WINDOWS, 'ProgramFiles(x86)': 'C:\\Program Files (x86)'}
WINDOWS_32_ON_64 = {
    **WINDOWS,
    'ProgramFiles': 'C:\\Program Files (x86)',
    'ProgramFiles(x86)': 'C:\\Program Files (x86)',
    'ProgramW6432': 'C:\\Program Files',
}


@pytest.mark.parametrize('existing', ['there', 'elsewhere'])
@pytest.mark.parametrize(
    ('platform', 'bits', 'environ', 'path'),
    [
        ('linux', 64, {}, 'libjack.so.0'),
        ('linux', 32, {}, 'libjack.so'),
        # The loader has no DYLD_LIBRARY_PATH in a protected interpreter, so
        # that the folders of the package managers are tried by full path.
        ('darwin', 64, {}, 'libjack.0.dylib'),
        ('darwin', 64, {}, '/opt/homebrew/lib/libjack.0.dylib'),
        ('darwin', 64, {}, '/usr/local/lib/libjack.0.dylib'),
        ('darwin', 64, {}, '/opt/local/lib/libjack.0.dylib'),
        ('darwin', 64, {}, '/opt/local/lib/libjack.dylib'),
        ('darwin', 64, {}, '/Library/Frameworks/Jackmp.framework/Jackmp'),
        ('win32', 64, {}, 'libjack64.dll'),
        ('win32', 32, {}, 'libjack.dll'),
        ('win32', 64, WINDOWS_64, 'C:\\Windows\\libjack64.dll'),
        ('win32', 32, WINDOWS_32_ON_64, 'C:\\Windows\\libjack.dll'),
        ('win32', 64, WINDOWS_64, 'C:\\Program Files\\JACK2\\libjack64.dll'),
        ('win32', 32, WINDOWS_32_ON_64,
         'C:\\Program Files (x86)\\JACK2\\libjack.dll'),
        ('win32', 32, WINDOWS, 'C:\\Program Files\\JACK2\\libjack.dll'),
        ('linux', 64, {'JACK_LIBRARY': '/mine.so'}, '/mine.so'),
        ('darwin', 64, {'JACK_LIBRARY': '/mine.dylib'}, '/mine.dylib'),
        ('win32', 64, {**WINDOWS, 'JACK_LIBRARY': 'D:\\my.dll'},
         'D:\\my.dll'),
    ],
)  # fmt: skip
def test_library_is_found_where_the_platform_keeps_it(
    monkeypatch, platform, bits, environ, path, existing
):
    files = {path if existing == 'there' else 'another library'}

    def dlopen(name):
        if name not in files:
            raise OSError(f'{name} is not there')
        return object()

    for name, stand_in in (
        ('_sys', {'platform': platform, 'maxsize': 2 ** (bits - 1) - 1}),
        ('_os', {'environ': environ}),
        ('_ffi', {'dlopen': dlopen}),
    ):
        monkeypatch.setattr(jack, name, types.SimpleNamespace(**stand_in))
    if existing == 'there':
        assert jack._open_library()._path == path
    else:
        with pytest.raises(OSError, match='not found') as caught:
            jack._open_library()
        assert f'{path} is not there' in str(caught.value)
        assert 'JACK_LIBRARY' in str(caught.value)


@pytest.mark.parametrize('platform', WHERE_TO_GET_IT)
def test_missing_library_error_says_how_to_install_jack(run_alone, platform):
    child = run_alone(HIDE_LIBRARIES + 'import jack', check=False)
    assert child.returncode == 1
    assert child.stderr.count('Traceback') == 1
    (line,) = [
        line for line in child.stderr.splitlines() if platform in line
    ]
    assert WHERE_TO_GET_IT[platform] in line


def test_environment_variable_chooses_the_library(run_alone, tmp_path):
    other = tmp_path / 'elsewhere.so'
    shutil.copy(loaded_library(), other)
    child = run_alone(
        """
        import jack, pathlib
        jack.client_name_size()
        maps = pathlib.Path('/proc/self/maps').read_text()
        print('elsewhere.so' in maps, 'libjack.so' in maps)
        """,
        JACK_LIBRARY=str(other),
    )
    assert child.stdout == 'True False\n'


def test_library_of_the_environment_variable_has_no_substitute(run_alone):
    child = run_alone('import jack', check=False, JACK_LIBRARY='/no/such.so')
    assert child.returncode == 1
    assert '/no/such.so' in child.stderr
    assert 'libjack.so.0' not in child.stderr
    assert 'JACK_LIBRARY' in child.stderr


@pytest.mark.skipif(
    sys.implementation.name == 'pypy',
    reason="PyPy 3.9 has an internal error when it formats its cffi's message",
)
def test_path_of_a_library_that_is_not_utf_8_is_the_usual_error(run_alone):
    child = run_alone('import jack', check=False, JACK_LIBRARY='/no/\udcff.so')
    assert child.stderr.count('Traceback') == 1
    assert 'OSError: The JACK library was not found' in child.stderr


def test_function_missing_in_the_library_is_named_when_it_is_called():
    missing = jack._lib.jack_from_the_future
    with pytest.raises(jack.JackError, match='jack_from_the_future.*libjack'):
        missing()


def test_public_names_are_those_of_the_api():
    names = public(jack)
    assert {'Client', 'Port', 'JackError', 'position2dict'} <= set(names)
    for name, value in names.items():
        assert not isinstance(value, types.ModuleType), name
        # Neither an import nor, say, a leftover loop variable.
        origin = getattr(value, '__module__', 'jack')
        assert origin == 'jack', name
        if not callable(value):
            assert name.isupper(), name
            assert isinstance(value, (int, str)), name


def test_dir_shows_the_public_names():
    assert {n for n in dir(jack) if not n.startswith('_')} == set(public(jack))


def test_module_version_is_that_of_the_distribution():
    assert jack.__version__ == importlib.metadata.version('JACK-Client')


@pytest.mark.skipif(
    sys.implementation.name != 'cpython', reason='CPython has subinterpreters'
)
def test_a_subinterpreter_cannot_import_it(run_alone):
    child = run_alone(
        """
        import textwrap

        try:
            import _interpreters as interpreters
            number = interpreters.create('legacy')
        except ImportError:
            import _xxsubinterpreters as interpreters
            number = interpreters.create(isolated=False)
        interpreters.run_string(number, textwrap.dedent('''
            import sys
            sys.path.insert(0, '')
            try:
                import jack
            except ImportError as error:
                print(error, error.name)
        '''))
        interpreters.destroy(number)
        """
    )
    assert child.stdout.startswith('jack works in the main interpreter only')
    assert child.stdout.endswith(' jack\n')


def test_the_module_cannot_be_loaded_over_itself(run_python):
    run_python(
        """
        import contextlib
        import gc
        import importlib
        import jack

        jack.set_error_function(lambda message: None)
        client = jack.Client('lasting')
        try:
            importlib.reload(jack)
        except ImportError as error:
            assert 'start Python anew' in str(error)
        else:
            raise AssertionError('reloaded')
        gc.collect()
        with contextlib.suppress(jack.JackError):
            client.connect('nobody:out', 'nobody:in')
        client.activate()
        client.close()
        """
    )
