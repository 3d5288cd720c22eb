"""Every name of the manual (release 0.4.2, section 5) and its signature.

What the names do is tested in the files by subject; here it is only made
sure that each of them has a test there.
"""

from __future__ import annotations

import inspect
import pathlib
import re

import pytest

import jack

READ_ONLY = 'read-only property'
SETTABLE = 'settable property'

# A signature stands for a class, function or method; an int for a constant.
# The manual has types for some of the parameters, which have to fit then.
NAMES = {
    'STOPPED': 0,
    'ROLLING': 1,
    'STARTING': 3,
    'NETSTARTING': 4,
    'Client': '(name: str, use_exact_name: bool = False, '
    'no_start_server: bool = False, servername: str | None = None, '
    'session_id: str | None = None)',
    'Client.name': READ_ONLY,
    'Client.samplerate': READ_ONLY,
    'Client.blocksize': SETTABLE,
    'Client.status': READ_ONLY,
    'Client.realtime': READ_ONLY,
    'Client.frames_since_cycle_start': READ_ONLY,
    'Client.frame_time': READ_ONLY,
    'Client.last_frame_time': READ_ONLY,
    'Client.inports': READ_ONLY,
    'Client.outports': READ_ONLY,
    'Client.midi_inports': READ_ONLY,
    'Client.midi_outports': READ_ONLY,
    'Client.owns': '(port)',
    'Client.activate': '()',
    'Client.deactivate': '(ignore_errors=True)',
    'Client.cpu_load': '()',
    'Client.close': '(ignore_errors=True)',
    'Client.connect': '(source, destination)',
    'Client.disconnect': '(source, destination)',
    'Client.transport_start': '()',
    'Client.transport_stop': '()',
    'Client.transport_state': READ_ONLY,
    'Client.transport_frame': SETTABLE,
    'Client.transport_locate': '(frame)',
    'Client.transport_query': '()',
    'Client.transport_query_struct': '()',
    'Client.transport_reposition_struct': '(position)',
    'Client.set_freewheel': '(onoff)',
    'Client.set_shutdown_callback': '(callback)',
    'Client.set_process_callback': '(callback)',
    'Client.set_freewheel_callback': '(callback)',
    'Client.set_blocksize_callback': '(callback)',
    'Client.set_samplerate_callback': '(callback)',
    'Client.set_client_registration_callback': '(callback)',
    'Client.set_port_registration_callback': '(callback=None, '
    'only_available: bool = True)',
    'Client.set_port_connect_callback': '(callback=None, '
    'only_available: bool = True)',
    'Client.set_port_rename_callback': '(callback=None, '
    'only_available: bool = True)',
    'Client.set_graph_order_callback': '(callback)',
    'Client.set_xrun_callback': '(callback)',
    'Client.set_timebase_callback': '(callback=None, conditional=False)',
    'Client.get_uuid_for_client_name': '(name)',
    'Client.get_client_name_by_uuid': '(uuid)',
    'Client.get_port_by_name': '(name)',
    'Client.get_all_connections': '(port)',
    'Client.get_ports': "(name_pattern: str = '', is_audio: bool = False, "
    'is_midi: bool = False, is_input: bool = False, is_output: bool = False, '
    'is_physical: bool = False, can_monitor: bool = False, '
    'is_terminal: bool = False)',
    # The constructors of ports take a client since release 0.5.3.
    'Port': '(port_ptr, client)',
    'Port.name': READ_ONLY,
    'Port.shortname': SETTABLE,
    'Port.uuid': READ_ONLY,
    'Port.is_audio': READ_ONLY,
    'Port.is_midi': READ_ONLY,
    'Port.is_input': READ_ONLY,
    'Port.is_output': READ_ONLY,
    'Port.is_physical': READ_ONLY,
    'Port.can_monitor': READ_ONLY,
    'Port.is_terminal': READ_ONLY,
    'Port.request_monitor': '(onoff)',
    'MidiPort': '(port_ptr, client)',
    'MidiPort.is_audio': READ_ONLY,
    'MidiPort.is_midi': READ_ONLY,
    'OwnPort': '(port_ptr, client)',
    'OwnPort.number_of_connections': READ_ONLY,
    'OwnPort.connections': READ_ONLY,
    'OwnPort.is_connected_to': '(port)',
    'OwnPort.connect': '(port)',
    'OwnPort.disconnect': '(other=None)',
    'OwnPort.unregister': '()',
    'OwnPort.get_buffer': '()',
    'OwnPort.get_array': '()',
    'OwnMidiPort': '(port_ptr, client)',
    'OwnMidiPort.get_buffer': '()',
    'OwnMidiPort.get_array': '()',
    'OwnMidiPort.max_event_size': READ_ONLY,
    'OwnMidiPort.lost_midi_events': READ_ONLY,
    'OwnMidiPort.incoming_midi_events': '()',
    'OwnMidiPort.clear_buffer': '()',
    'OwnMidiPort.write_midi_event': '(time, event)',
    'OwnMidiPort.reserve_midi_event': '(time, size)',
    'Ports': '(client, porttype, flag)',
    'Ports.register': '(shortname, is_terminal=False, is_physical=False)',
    'Ports.clear': '()',
    'RingBuffer': '(size)',
    'RingBuffer.write_space': READ_ONLY,
    'RingBuffer.write': '(data)',
    'RingBuffer.write_buffers': READ_ONLY,
    'RingBuffer.write_advance': '(size)',
    'RingBuffer.read_space': READ_ONLY,
    'RingBuffer.read': '(size)',
    'RingBuffer.peek': '(size)',
    'RingBuffer.read_buffers': READ_ONLY,
    'RingBuffer.read_advance': '(size)',
    'RingBuffer.mlock': '()',
    'RingBuffer.reset': '(size=None)',
    'RingBuffer.size': READ_ONLY,
    'Status': '(code)',
    'Status.failure': READ_ONLY,
    'Status.invalid_option': READ_ONLY,
    'Status.name_not_unique': READ_ONLY,
    'Status.server_started': READ_ONLY,
    'Status.server_failed': READ_ONLY,
    'Status.server_error': READ_ONLY,
    'Status.no_such_client': READ_ONLY,
    'Status.load_failure': READ_ONLY,
    'Status.init_failure': READ_ONLY,
    'Status.shm_failure': READ_ONLY,
    'Status.version_error': READ_ONLY,
    'Status.backend_error': READ_ONLY,
    'Status.client_zombie': READ_ONLY,
    'TransportState': '(code)',
    'JackError': Exception,
    'CallbackExit': Exception,
    'position2dict': '(pos)',
    'version': '()',
    'version_string': '()',
    'client_name_size': '()',
    'port_name_size': '()',
    'set_error_function': '(callback=None)',
    'set_info_function': '(callback=None)',
    'client_pid': '(name)',
}


def of_kind(condition):
    names = [name for name, kind in NAMES.items() if condition(kind)]
    return pytest.mark.parametrize('name', names)


def lookup(name):
    """Follow the dots without running any property."""
    result = jack
    for part in name.split('.'):
        result = inspect.getattr_static(result, part)
    return result


def manual_parameters(name):
    namespace = {}
    exec(f'def function{NAMES[name]}: pass', namespace)
    function = namespace['function']
    return list(inspect.signature(function).parameters.values())


def own_parameters(name):
    function = lookup(name)
    parameters = list(inspect.signature(function).parameters.values())
    is_method = '.' in name
    return parameters[1:] if is_method else parameters


@of_kind(lambda kind: isinstance(kind, int))
def test_constant_has_the_value_of_the_manual(name):
    value = lookup(name)
    assert value == NAMES[name]
    assert type(value) is int


@of_kind(lambda kind: kind in (READ_ONLY, SETTABLE))
def test_property_can_be_set_if_the_manual_says_so(name):
    prop = lookup(name)
    assert isinstance(prop, property)
    assert (prop.fset is not None) == (NAMES[name] == SETTABLE)
    assert prop.fdel is None


@of_kind(lambda kind: isinstance(kind, str) and kind.startswith('('))
def test_signature_begins_with_the_parameters_of_the_manual(name):
    expected = manual_parameters(name)
    actual = own_parameters(name)
    assert [p.name for p in actual[: len(expected)]] == [
        p.name for p in expected
    ]
    for ours, theirs in zip(actual, expected):
        assert ours.default == theirs.default, ours.name
        assert ours.kind == theirs.kind, ours.name
        if theirs.annotation is not theirs.empty:
            assert ours.annotation == theirs.annotation, ours.name
    # Old calls go on working when something was added.
    for added in actual[len(expected) :]:
        assert added.default is not added.empty, added.name


@of_kind(lambda kind: kind is Exception)
def test_exception_is_an_exception(name):
    assert issubclass(lookup(name), Exception)


def test_the_two_exceptions_are_unrelated():
    assert not issubclass(jack.CallbackExit, jack.JackError)
    assert not issubclass(jack.JackError, jack.CallbackExit)


def test_port_classes_are_derived_as_in_the_manual():
    assert issubclass(jack.MidiPort, jack.Port)
    assert issubclass(jack.OwnPort, jack.Port)
    assert issubclass(jack.OwnMidiPort, jack.MidiPort)
    assert issubclass(jack.OwnMidiPort, jack.OwnPort)
    assert not issubclass(jack.OwnPort, jack.MidiPort)


@pytest.mark.parametrize('name', NAMES)
def test_name_is_documented(name):
    if isinstance(NAMES[name], int):
        # Constants have no docstring of their own.
        return
    doc = lookup(name).__doc__
    assert doc
    assert doc.splitlines()[0].endswith('.')


@of_kind(lambda kind: isinstance(kind, str))
def test_name_is_annotated(name):
    function = lookup(name)
    if isinstance(function, property):
        assert 'return' in function.fget.__annotations__
        return
    if isinstance(function, type):
        function = function.__init__
    missing = {
        parameter
        for parameter in inspect.signature(function).parameters
        if parameter != 'self'
    } - set(function.__annotations__)
    assert not missing
    assert 'return' in function.__annotations__


@pytest.fixture(scope='module')
def other_tests():
    here = pathlib.Path(__file__)
    return '\n'.join(
        path.read_text(encoding='utf-8')
        for path in sorted(here.parent.glob('*.py'))
        if path != here
    )


@pytest.mark.parametrize('name', NAMES)
def test_name_occurs_in_the_tests_by_subject(name, other_tests):
    assert re.search(rf"""[.'"]{name.rpartition(".")[2]}\b""", other_tests)
