"""The structs and constants in jack.py are those of the C headers."""

import shutil
import subprocess

import cffi
import needs
import pytest

import jack

HEADERS = ['jack', 'metadata', 'midiport', 'ringbuffer', 'session']

STRUCTS = [
    'jack_position_t',
    'jack_midi_event_t',
    'jack_latency_range_t',
    'jack_ringbuffer_t',
    'jack_ringbuffer_data_t',
    'jack_property_t',
    'jack_description_t',
    'jack_session_event_t',
    'jack_session_command_t',
]

# In headers from before `tick_double`, these are missing or different.
NEWER = 'tick_double', 'padding', 'JackTickDouble'


def sizes(ffi, names):
    """(label, C expression, value) for the sizes of types."""
    return [(name, f'sizeof({name})', ffi.sizeof(name)) for name in names]


def fields(ffi, struct):
    """(label, C expression, value) for offset and size of each field."""
    expressions = []
    for name, field in ffi.typeof(struct).fields:
        label = f'{struct}.{name}'
        expressions += [
            (f'{label} at', f'offsetof({struct}, {name})', field.offset),
            (
                f'{label} size',
                f'sizeof((({struct} *)0)->{name})',
                ffi.sizeof(field.type),
            ),
        ]
    return expressions


def constants():
    """(label, C expression, value) for each of the constants."""
    return [
        (name, name, getattr(jack._lib, name))
        for name in dir(jack._lib._raw)
        if name.startswith(('Jack', 'Property'))
    ]


def c_program(expressions):
    """A C program which prints a line for each expression."""
    lines = ['#include <stddef.h>', '#include <stdio.h>']
    lines += [f'#include <jack/{header}.h>' for header in HEADERS]
    lines.append('int main(void) {')
    for label, expression, _ in expressions:
        print_it = f'printf("%s=%ld\\n", "{label}", (long)({expression}));'
        if any(name in label for name in NEWER):
            lines += ['#ifdef JACK_TICK_DOUBLE', print_it, '#endif']
        else:
            lines.append(print_it)
    return '\n'.join([*lines, 'return 0; }', ''])


@pytest.fixture(scope='module')
def compiler():
    """A C compiler that finds the headers of JACK."""
    program = shutil.which('cc') or shutil.which('gcc')
    if program is None:
        needs.missing('there is no C compiler')
    probe = subprocess.run(
        [program, '-E', '-'],
        input='#include <jack/jack.h>\n',
        capture_output=True,
        text=True,
    )
    if probe.returncode:
        needs.missing(f'there are no headers of JACK: {probe.stderr}')
    return program


@pytest.fixture
def assert_same_in_c(compiler, tmp_path):
    """Return a function that has C evaluate expressions, and compares."""

    def check(expressions, *options):
        program = tmp_path / 'layout'
        source = program.with_suffix('.c')
        source.write_text(c_program(expressions))
        built = subprocess.run(
            [compiler, *options, '-o', program, source],
            capture_output=True,
            text=True,
        )
        assert built.returncode == 0, built.stderr
        out = subprocess.check_output([program], text=True)
        theirs = dict(line.split('=') for line in out.splitlines())
        ours = {label: str(value) for label, _, value in expressions}
        assert {label: ours[label] for label in theirs} == theirs
        unknown = [label for label in ours if label not in theirs]
        assert all(any(name in u for name in NEWER) for u in unknown)
        assert theirs

    return check


def test_structs_are_those_of_the_headers(assert_same_in_c):
    expressions = sizes(jack._ffi, STRUCTS)
    for struct in STRUCTS:
        expressions += fields(jack._ffi, struct)
    assert_same_in_c(expressions)


def test_all_structs_are_compared():
    # In the form that is parsed ahead, cffi 2.1.1 ends the process when it is
    # asked for the fields of a struct that has none.
    ffi = jack._parse_declarations()
    typedefs, _, unions = ffi.list_types()
    kinds = {name: ffi.typeof(name) for name in typedefs}
    structs = {name for name, kind in kinds.items() if kind.kind == 'struct'}
    with_fields = {name for name in structs if kinds[name].fields is not None}
    assert with_fields == set(STRUCTS)
    assert structs - with_fields == {'jack_client_t', 'jack_port_t'}
    assert unions == []


def test_numbers_have_the_sizes_of_the_headers(assert_same_in_c):
    typedefs, _, _ = jack._ffi.list_types()
    numbers = [
        name
        for name in typedefs
        if jack._ffi.typeof(name).kind in ('primitive', 'enum')
    ]
    assert {'jack_nframes_t', 'jack_status_t', 'jack_uuid_t'} <= set(numbers)
    assert_same_in_c(sizes(jack._ffi, numbers))


def test_constants_are_those_of_the_headers(assert_same_in_c):
    expressions = constants()
    assert len(expressions) > 40
    assert_same_in_c(expressions)


@pytest.mark.parametrize('packed', [True, False], ids=['packed', 'natural'])
def test_both_layouts_of_the_position_are_those_of_the_headers(
    assert_same_in_c, packed
):
    name = 'jack_position_t'
    ffi = cffi.FFI()
    ffi.cdef(jack._CDEF_TYPES)
    ffi.cdef(jack._CDEF_POSITION, packed=packed)
    assert ffi.sizeof(name) == (136 if packed else 144)
    here = jack._position_is_packed(jack._sys.platform, jack._machine())
    if packed and not here:
        pytest.skip('the headers do not pack it for this processor')
    # For PowerPC, the headers take the packing back; this is all they know
    # about the processor.
    options = [] if packed else ['-D__ppc__']
    assert_same_in_c([*sizes(ffi, [name]), *fields(ffi, name)], *options)


# systemdeps.h: packed, but for ARM, MIPS and PowerPC, unless that is Apple's.
@pytest.mark.parametrize(
    ('platform', 'machine', 'packed'),
    [
        ('linux', 'x86_64', True),
        ('linux', 'i686', True),
        ('linux', 'riscv64', True),
        ('linux', 's390x', True),
        ('linux', 'loongarch64', True),
        ('linux', 'aarch64', False),
        ('linux', 'aarch64_be', False),
        ('linux', 'armv6l', False),
        ('linux', 'armv7l', False),
        ('linux', 'armv8l', False),
        ('linux', 'mips', False),
        ('linux', 'mips64', False),
        ('linux', 'ppc', False),
        ('linux', 'ppc64', False),
        ('linux', 'ppc64le', False),
        ('freebsd14', 'amd64', True),
        ('freebsd14', 'arm64', False),
        ('freebsd14', 'powerpc', False),
        ('darwin', 'x86_64', True),
        ('darwin', 'arm64', True),
        ('darwin', 'Power Macintosh', True),
        # MSVC packs it always; Python's os.uname() is not there.
        ('win32', '', True),
        ('win32', 'AMD64', True),
    ],
)
def test_the_position_is_packed_where_the_headers_say_so(
    platform, machine, packed
):
    assert jack._position_is_packed(platform, machine) is packed
