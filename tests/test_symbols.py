"""Each function of libjack has a home in jack.py, or a reason for none."""

import ast
import csv
import functools
import json
import pathlib
import re
import sys

import needs
import pytest
import servers
from elftools.elf.elffile import ELFFile

import jack

# What the binding needs for itself, without a Python name of its own.
INTERNAL = {
    # Variables: what jack_set_{error,info}_function() have set.
    'jack_error_callback',
    'jack_info_callback',
    'jack_free',
    'jack_free_description',
    'jack_get_client_name',
    'jack_ringbuffer_free',
    'jack_session_commands_free',
    'jack_session_event_free',
    # For PipeWire; JACK's properties are removed one by one.
    'jack_remove_properties',
    # Larger stacks for PyPy.
    'jack_set_thread_creator',
    # A C function that does nothing but return 0, as process callback.
    'jack_uuid_empty',
    'jack_uuid_parse',
}

# Functions which the libjack of JACK 1, of PipeWire or of an old JACK 2 may
# not have, each with a use that needs it.
USES = {
    'jack_acquire_real_time_scheduling':
        'jack.acquire_realtime_scheduling(threading.get_ident(), 1)',
    'jack_client_get_uuid': 'client.uuid',
    'jack_client_has_session_callback': "client.has_session_callback('x')",
    'jack_client_max_real_time_priority': 'client.max_realtime_priority',
    'jack_client_real_time_priority': 'client.realtime_priority',
    'jack_client_thread_id': 'client.thread_id',
    'jack_drop_real_time_scheduling':
        'jack.drop_realtime_scheduling(threading.get_ident())',
    'jack_frames_to_time': 'client.frames_to_time(1)',
    'jack_get_all_properties': 'jack.get_all_properties()',
    'jack_get_client_name_by_uuid': "client.get_client_name_by_uuid('1')",
    'jack_get_client_pid': "jack.client_pid('x')",
    'jack_get_cycle_times': 'client.cycle_times',
    'jack_get_max_delayed_usecs': 'client.max_delayed_usecs',
    'jack_get_properties': 'jack.get_properties(1)',
    'jack_get_property': "jack.get_property(1, 'key')",
    'jack_get_time': 'jack.get_time()',
    'jack_get_uuid_for_client_name': "client.get_uuid_for_client_name('x')",
    'jack_get_version': 'jack.version()',
    'jack_internal_client_handle': "client.get_internal_client('x')",
    'jack_internal_client_load': "client.load_internal_client('x', 'x')",
    'jack_port_ensure_monitor': 'output.ensure_monitor(True)',
    'jack_port_get_latency_range': 'output.get_latency_range(0)',
    'jack_port_monitoring_input': 'output.is_monitoring',
    'jack_port_rename': "setattr(output, 'shortname', 'new')",
    'jack_port_request_monitor_by_name':
        'client.request_monitor(output, True)',
    'jack_port_set_latency_range': 'output.set_latency_range(0, 1, 2)',
    'jack_port_tie': 'output.tie(input_)',
    'jack_port_type_get_buffer_size': "client.type_buffersize('x')",
    'jack_port_type_id': 'output.type_id',
    'jack_port_type_size': 'jack.port_type_size()',
    'jack_port_untie': 'output.untie()',
    'jack_port_uuid': 'output.uuid',
    'jack_recompute_total_latencies': 'client.recompute_total_latencies()',
    'jack_release_timebase': 'client.release_timebase()',
    'jack_remove_all_properties': 'client.remove_all_properties()',
    'jack_remove_property': "client.remove_property(1, 'key')",
    'jack_reserve_client_name': "client.reserve_client_name('x', '1')",
    'jack_reset_max_delayed_usecs': 'client.reset_max_delayed_usecs()',
    'jack_session_notify': "client.session_notify(1, '/tmp/')",
    'jack_set_latency_callback': 'client.set_latency_callback(print)',
    'jack_set_port_rename_callback':
        'client.set_port_rename_callback(print)',
    'jack_set_property': "client.set_property(1, 'key', 'value')",
    'jack_set_property_change_callback':
        'client.set_property_change_callback(print)',
    'jack_set_session_callback': 'client.set_session_callback(print)',
    'jack_set_sync_timeout': 'client.set_sync_timeout(1)',
    'jack_set_thread_init_callback':
        'client.set_thread_init_callback(print)',
    'jack_time_to_frames': 'client.time_to_frames(1)',
}

# Prints what came of each of the uses: 'returned', or the text of the
# JackError.
TRY_USES = """
import json
import sys
import threading
import jack

client = jack.Client('limited')
output = client.outports.register('out')
input_ = client.inports.register('in')

def use(expression):
    try:
        eval(expression)
    except jack.JackError as e:
        return str(e)
    return 'returned'

results = {name: use(e) for name, e in json.loads(sys.argv[1]).items()}
client.close()
print(json.dumps(results))
"""


@functools.cache
def syntax_tree():
    return ast.parse(servers.ROOT.joinpath('jack.py').read_text('utf-8'))


def is_declaration(statement):
    """Tell whether a statement of jack.py is a string for cffi."""
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and statement.targets[0].id.startswith('_CDEF_')
    )


def declared():
    """The functions and variables of libjack which jack.py declares."""
    text = '\n'.join(
        statement.value.value
        for statement in syntax_tree().body
        if is_declaration(statement)
    )
    functions = re.findall(r'\b(jack_\w+)\(', text)
    assert len(functions) == len(set(functions))
    return {*functions, *re.findall(r'\(\*(jack_\w+)\)', text)}


def used():
    """The C names in jack.py's code: attributes, and strings of their own.

    A name in an f-string is made of its text and of single words.
    """
    nodes = [
        node
        for statement in syntax_tree().body
        if not is_declaration(statement)
        for node in ast.walk(statement)
    ]
    names = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    names |= {n.value for n in nodes if isinstance(n, ast.Constant)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            pattern = ''.join(
                re.escape(part.value)
                if isinstance(part, ast.Constant)
                else '[a-z]+'
                for part in node.values
            )
            names |= {n for n in declared() if re.fullmatch(pattern, n)}
    return names


def documented():
    """The C names in the last lines of jack.py's docstrings."""
    docstrings = [
        ast.get_docstring(node) or ''
        for node in ast.walk(syntax_tree())
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    ]
    return {
        name
        for docstring in docstrings
        for name in re.findall(
            r'`(jack_\w+)`_', docstring.partition('Calls:')[2]
        )
    }


def table():
    """The rows of the documentation's table of what is left out."""
    path = servers.ROOT / 'doc' / 'left_out.csv'
    with path.open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file, strict=True))


def left_out():
    return {row['function'] for row in table()}


def symbol_table(elf):
    return elf.get_section_by_name('.dynsym')


of_jack_2 = pytest.mark.needs('the functions of JACK 2')


@pytest.fixture(scope='module')
def library():
    """The path of the libjack in this process, one of JACK 2's."""
    if not sys.platform.startswith('linux'):
        needs.missing('this reads ELF files')
    jack.client_name_size()
    maps = pathlib.Path('/proc/self/maps').read_text()
    path = re.search(r'/\S*libjack\S*', maps).group()
    with open(path, 'rb') as file:
        names = {s.name for s in symbol_table(ELFFile(file)).iter_symbols()}
    # JACK 1 exports its insides too, and PipeWire has additions.
    if 'jack_get_version_string' not in names or 'pipewire' in path:
        pytest.fail(f'the table is about JACK 2, and {path} is not')
    return path


@pytest.fixture(scope='module')
def exported(library):
    """The names which libjack exports."""
    with open(library, 'rb') as file:
        return {
            symbol.name
            for symbol in symbol_table(ELFFile(file)).iter_symbols()
            if symbol.name.startswith('jack_')
            and symbol['st_shndx'] != 'SHN_UNDEF'
            and symbol['st_info']['bind'] in ('STB_GLOBAL', 'STB_WEAK')
        }


# -- Coverage -----------------------------------------------------------------


@of_jack_2
def test_symbols_of_libjack_are_found(exported):
    assert {'jack_client_open', 'jack_free', 'jack_client_new'} <= exported
    assert len(exported) > 150


@of_jack_2
def test_each_symbol_is_bound_or_has_a_reason_not_to_be(exported):
    assert exported - declared() - left_out() == set()


@of_jack_2
def test_what_is_declared_exists(exported):
    # A misspelt declaration would be a missing function, as on JACK 1.
    assert declared() - exported == set()


@of_jack_2
def test_what_is_left_out_exists(exported):
    assert left_out() - exported == set()


def test_what_is_left_out_is_not_declared():
    assert left_out() & declared() == set()


def test_each_declared_function_is_used():
    assert declared() - used() == set()


def test_each_declared_function_is_named_where_it_is_documented():
    assert declared() - documented() <= INTERNAL <= declared()
    assert documented() <= declared()


def test_each_function_that_is_left_out_has_one_reason():
    functions = [row['function'] for row in table()]
    assert functions == sorted(set(functions))
    for row in table():
        assert re.fullmatch(r'[A-Z`].{20,}\.', row['reason']), row


# -- Missing functions --------------------------------------------------------


def hide(source, target, names):
    """Copy a library, in such a way that the loader does not find *names*.

    The functions are still there, for the library's own use, but are marked
    as local.  So this is the real libjack, with real gaps.
    """
    names = set(names)
    with open(source, 'rb') as file:
        data = bytearray(file.read())
        file.seek(0)
        elf = ELFFile(file)
        table = symbol_table(elf)
        # The symbol's binding is in the upper half of the byte st_info.
        st_info = 4 if elf.elfclass == 64 else 12
        for index, symbol in enumerate(table.iter_symbols()):
            if symbol.name in names:
                names.discard(symbol.name)
                entry = table['sh_offset'] + index * table['sh_entsize']
                data[entry + st_info] &= 0x0F
    assert names == set()
    target.write_bytes(data)
    return target


@pytest.fixture
def run_with_library(server, tmp_path):
    """Return a function that runs Python code with another libjack."""

    def run(path, code, *args):
        __tracebackhide__ = True
        return servers.run_child(
            servers.python_command(code, *args),
            {**servers.python_env(server.env), 'JACK_LIBRARY': str(path)},
            tmp_path,
        )

    return run


@of_jack_2
def test_missing_functions_are_named_by_those_who_need_them(
    library, run_with_library, tmp_path
):
    gaps = hide(library, tmp_path / 'libjack-gaps.so', USES)
    out = run_with_library(gaps, TRY_USES, json.dumps(USES)).stdout
    results = json.loads(out)
    assert set(results) == set(USES)
    for name, text in results.items():
        assert f'{name}()' in text
        assert str(gaps) in text


@of_jack_2
def test_the_same_uses_miss_nothing_where_all_is_there(
    library, run_with_library, tmp_path
):
    whole = hide(library, tmp_path / 'libjack-whole.so', [])
    out = run_with_library(whole, TRY_USES, json.dumps(USES)).stdout
    for name, text in json.loads(out).items():
        assert name not in text


@of_jack_2
def test_a_library_without_version_is_called_jack_1(
    library, run_with_library, tmp_path
):
    # JACK 1 is the one that lacks it.
    gaps = hide(
        library, tmp_path / 'libjack-old.so', ['jack_get_version_string']
    )
    code = """
        import jack
        try:
            jack.version_string()
        except jack.JackError as e:
            print(e)
        """
    out = run_with_library(gaps, code).stdout
    assert 'jack_get_version_string()' in out
    assert 'JACK 1' in out
    assert str(gaps) in out


def test_import_works_with_a_library_that_has_no_function_at_all(
    run_with_library,
):
    if not sys.platform.startswith('linux'):
        pytest.skip('libm.so.6 is a library of Linux')
    code = """
        import jack

        print(jack.ROLLING, jack.METADATA_ORDER)
        for use in (lambda: jack.Client('x'), jack.version,
                    jack.port_name_size, lambda: jack.RingBuffer(16),
                    lambda: jack.set_error_function(print)):
            try:
                use()
            except jack.JackError as e:
                print(e)
        """
    first, *lines = run_with_library('libm.so.6', code).stdout.splitlines()
    assert first == '1 http://jackaudio.org/metadata/order'
    functions = [
        'jack_client_open',
        'jack_get_version',
        'jack_port_name_size',
        'jack_ringbuffer_create',
        'jack_set_error_function',
    ]
    assert len(lines) == len(functions)
    for line, function in zip(lines, functions):
        assert f'{function}()' in line
        assert 'libm.so.6' in line
