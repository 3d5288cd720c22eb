# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The JACK-Client maintainers
"""Python binding for JACK, the low-latency audio and MIDI server.

A map of the module, by purpose:

===================  =====================================================
to talk to a server  `Client` (a context manager), `Status`
to move audio/MIDI   `Client.inports`, `Client.outports`,
                     `Client.midi_inports`, `Client.midi_outports`
                     (each one a `Ports`), `OwnPort`, `OwnMidiPort`,
                     `Client.set_process_callback`
to patch             `Client.get_ports`, `Client.connect`,
                     `Client.disconnect`, `Client.get_all_connections`,
                     `Port`, `MidiPort`, `UnknownPort`, `PortFlags`
to roll in sync      `Client.transport_start`, `Client.transport_frame`,
                     `Client.transport_query`, `TransportState`,
                     `Client.set_timebase_callback`,
                     `Client.set_sync_callback`, `position2dict`
to tell the time     `Client.frame_time`, `Client.cycle_times`, `get_time`,
                     `Port.get_latency_range`
to name things       `Client.set_property`, `get_property`,
                     `get_all_properties`, ``METADATA_*``
to pass data         `RingBuffer` (between threads)
to know what failed  `JackError`, `JackErrorCode`, `JackOpenError`,
                     `set_error_function`, `set_info_function`
===================  =====================================================

``python3 -m jack`` prints the running server's state and its graph.

Examples
--------
Pass two channels through (with a JACK server running):

>>> import jack
>>> client = jack.Client('thru')
>>> for number in 1, 2:
...     port = client.inports.register(f'input_{number}')
...     port = client.outports.register(f'output_{number}')
>>> @client.set_process_callback
... def process(frames):
...     for source, sink in zip(client.inports, client.outports):
...         sink.get_buffer()[:] = source.get_buffer()
>>> with client:
...     client.connect('system:capture_1', 'thru:input_1')

"""
from __future__ import annotations as _annotations

import _thread
import atexit as _atexit
import collections as _collections
import collections.abc as _abc
import contextlib as _contextlib
import enum as _enum
import errno as _errno
import functools as _functools
import importlib as _importlib
import itertools as _itertools
import operator as _operator
import os as _os
import re as _re
import struct as _struct
import sys as _sys
import threading as _threading
import time as _time
import traceback as _traceback
import types as _types
import typing as _t
import weakref as _weakref

if '_lib' in globals():
    # What C calls would be freed, and its clients forgotten.
    raise ImportError('jack cannot be reloaded while libjack knows its '
                      'functions: start Python anew')

__version__ = '1.0.0'

_get_ident = _threading.get_ident

# -- C declarations -----------------------------------------------------------

_CDEF_TYPES = """
typedef uint64_t jack_uuid_t;
typedef uint32_t jack_nframes_t;
typedef uint64_t jack_time_t;
typedef uint64_t jack_intclient_t;
typedef struct _jack_port jack_port_t;
typedef struct _jack_client jack_client_t;
typedef uint32_t jack_port_id_t;
typedef uint32_t jack_port_type_id_t;
/* pthread_t, or a HANDLE on Windows: an integer as wide as a pointer */
typedef uintptr_t jack_native_thread_t;

enum JackOptions {
    JackNullOption = 0x00,
    JackNoStartServer = 0x01,
    JackUseExactName = 0x02,
    JackServerName = 0x04,
    JackLoadName = 0x08,
    JackLoadInit = 0x10,
    JackSessionID = 0x20
};
typedef enum JackOptions jack_options_t;

/* Status words are bit sets, so they are passed as plain integers here. */
typedef int jack_status_t;
enum JackStatus {
    JackFailure = 0x01,
    JackInvalidOption = 0x02,
    JackNameNotUnique = 0x04,
    JackServerStarted = 0x08,
    JackServerFailed = 0x10,
    JackServerError = 0x20,
    JackNoSuchClient = 0x40,
    JackLoadFailure = 0x80,
    JackInitFailure = 0x100,
    JackShmFailure = 0x200,
    JackVersionError = 0x400,
    JackBackendError = 0x800,
    JackClientZombie = 0x1000
};

typedef int jack_latency_callback_mode_t;
enum JackLatencyCallbackMode {
    JackCaptureLatency,
    JackPlaybackLatency
};
typedef struct _jack_latency_range {
    jack_nframes_t min;
    jack_nframes_t max;
} jack_latency_range_t;

typedef int (*JackProcessCallback)(jack_nframes_t nframes, void *arg);
typedef void *(*JackThreadCallback)(void *arg);
typedef void (*JackThreadInitCallback)(void *arg);
typedef int (*JackGraphOrderCallback)(void *arg);
typedef int (*JackXRunCallback)(void *arg);
typedef int (*JackBufferSizeCallback)(jack_nframes_t nframes, void *arg);
typedef int (*JackSampleRateCallback)(jack_nframes_t nframes, void *arg);
typedef void (*JackPortRegistrationCallback)(jack_port_id_t port,
    int register_, void *arg);
typedef void (*JackClientRegistrationCallback)(const char *name,
    int register_, void *arg);
typedef void (*JackPortConnectCallback)(jack_port_id_t a, jack_port_id_t b,
    int connect, void *arg);
typedef void (*JackPortRenameCallback)(jack_port_id_t port,
    const char *old_name, const char *new_name, void *arg);
typedef void (*JackFreewheelCallback)(int starting, void *arg);
typedef void (*JackInfoShutdownCallback)(jack_status_t code,
    const char *reason, void *arg);
typedef void (*JackLatencyCallback)(jack_latency_callback_mode_t mode,
    void *arg);

enum JackPortFlags {
    JackPortIsInput = 0x1,
    JackPortIsOutput = 0x2,
    JackPortIsPhysical = 0x4,
    JackPortCanMonitor = 0x8,
    JackPortIsTerminal = 0x10
};

typedef int jack_transport_state_t;
enum JackTransportStates {
    JackTransportStopped = 0,
    JackTransportRolling = 1,
    JackTransportLooping = 2,
    JackTransportStarting = 3,
    JackTransportNetStarting = 4
};
typedef uint64_t jack_unique_t;
typedef unsigned int jack_position_bits_t;
enum JackPositionBits {
    JackPositionBBT = 0x10,
    JackPositionTimecode = 0x20,
    JackBBTFrameOffset = 0x40,
    JackAudioVideoRatio = 0x80,
    JackVideoFrameOffset = 0x100,
    JackTickDouble = 0x200
};
"""

# The C headers pack this struct byte by byte, but take the packing back on
# the processors named in _position_is_packed().  Libraries from before
# `tick_double` have padding in its place, so that the size fits them too.
_CDEF_POSITION = """
typedef struct _jack_position {
    jack_unique_t unique_1;
    jack_time_t usecs;
    jack_nframes_t frame_rate;
    jack_nframes_t frame;
    jack_position_bits_t valid;
    int32_t bar;
    int32_t beat;
    int32_t tick;
    double bar_start_tick;
    float beats_per_bar;
    float beat_type;
    double ticks_per_beat;
    double beats_per_minute;
    double frame_time;
    double next_time;
    jack_nframes_t bbt_offset;
    float audio_frames_per_video_frame;
    jack_nframes_t video_offset;
    double tick_double;
    int32_t padding[5];
    jack_unique_t unique_2;
} jack_position_t;
"""

_CDEF_JACK = """
void jack_get_version(int *major_ptr, int *minor_ptr, int *micro_ptr,
    int *proto_ptr);
const char *jack_get_version_string(void);
jack_client_t *jack_client_open(const char *client_name,
    jack_options_t options, jack_status_t *status, ...);
int jack_client_close(jack_client_t *client);
int jack_client_name_size(void);
char *jack_get_client_name(jack_client_t *client);
char *jack_get_uuid_for_client_name(jack_client_t *client,
    const char *client_name);
char *jack_get_client_name_by_uuid(jack_client_t *client,
    const char *client_uuid);
int jack_activate(jack_client_t *client);
int jack_deactivate(jack_client_t *client);
int jack_get_client_pid(const char *name);
jack_native_thread_t jack_client_thread_id(jack_client_t *client);
int jack_is_realtime(jack_client_t *client);
jack_nframes_t jack_cycle_wait(jack_client_t *client);
void jack_cycle_signal(jack_client_t *client, int status);
int jack_set_process_thread(jack_client_t *client,
    JackThreadCallback thread_callback, void *arg);
int jack_set_thread_init_callback(jack_client_t *client,
    JackThreadInitCallback thread_init_callback, void *arg);
void jack_on_info_shutdown(jack_client_t *client,
    JackInfoShutdownCallback shutdown_callback, void *arg);
int jack_set_process_callback(jack_client_t *client,
    JackProcessCallback process_callback, void *arg);
int jack_set_freewheel_callback(jack_client_t *client,
    JackFreewheelCallback freewheel_callback, void *arg);
int jack_set_buffer_size_callback(jack_client_t *client,
    JackBufferSizeCallback bufsize_callback, void *arg);
int jack_set_sample_rate_callback(jack_client_t *client,
    JackSampleRateCallback srate_callback, void *arg);
int jack_set_client_registration_callback(jack_client_t *client,
    JackClientRegistrationCallback registration_callback, void *arg);
int jack_set_port_registration_callback(jack_client_t *client,
    JackPortRegistrationCallback registration_callback, void *arg);
int jack_set_port_connect_callback(jack_client_t *client,
    JackPortConnectCallback connect_callback, void *arg);
int jack_set_port_rename_callback(jack_client_t *client,
    JackPortRenameCallback rename_callback, void *arg);
int jack_set_graph_order_callback(jack_client_t *client,
    JackGraphOrderCallback graph_callback, void *arg);
int jack_set_xrun_callback(jack_client_t *client,
    JackXRunCallback xrun_callback, void *arg);
int jack_set_latency_callback(jack_client_t *client,
    JackLatencyCallback latency_callback, void *arg);
int jack_set_freewheel(jack_client_t *client, int onoff);
int jack_set_buffer_size(jack_client_t *client, jack_nframes_t nframes);
jack_nframes_t jack_get_sample_rate(jack_client_t *client);
jack_nframes_t jack_get_buffer_size(jack_client_t *client);
float jack_cpu_load(jack_client_t *client);
jack_port_t *jack_port_register(jack_client_t *client, const char *port_name,
    const char *port_type, unsigned long flags, unsigned long buffer_size);
int jack_port_unregister(jack_client_t *client, jack_port_t *port);
void *jack_port_get_buffer(jack_port_t *port, jack_nframes_t nframes);
jack_uuid_t jack_port_uuid(const jack_port_t *port);
const char *jack_port_name(const jack_port_t *port);
const char *jack_port_short_name(const jack_port_t *port);
int jack_port_flags(const jack_port_t *port);
const char *jack_port_type(const jack_port_t *port);
jack_port_type_id_t jack_port_type_id(const jack_port_t *port);
int jack_port_is_mine(const jack_client_t *client, const jack_port_t *port);
int jack_port_connected(const jack_port_t *port);
int jack_port_connected_to(const jack_port_t *port, const char *port_name);
const char **jack_port_get_connections(const jack_port_t *port);
const char **jack_port_get_all_connections(const jack_client_t *client,
    const jack_port_t *port);
int jack_port_tie(jack_port_t *src, jack_port_t *dst);
int jack_port_untie(jack_port_t *port);
int jack_port_rename(jack_client_t *client, jack_port_t *port,
    const char *port_name);
int jack_port_set_alias(jack_port_t *port, const char *alias);
int jack_port_unset_alias(jack_port_t *port, const char *alias);
int jack_port_get_aliases(const jack_port_t *port, char *const aliases[2]);
int jack_port_request_monitor(jack_port_t *port, int onoff);
int jack_port_request_monitor_by_name(jack_client_t *client,
    const char *port_name, int onoff);
int jack_port_ensure_monitor(jack_port_t *port, int onoff);
int jack_port_monitoring_input(jack_port_t *port);
int jack_connect(jack_client_t *client, const char *source_port,
    const char *destination_port);
int jack_disconnect(jack_client_t *client, const char *source_port,
    const char *destination_port);
int jack_port_disconnect(jack_client_t *client, jack_port_t *port);
int jack_port_name_size(void);
int jack_port_type_size(void);
size_t jack_port_type_get_buffer_size(jack_client_t *client,
    const char *port_type);
void jack_port_get_latency_range(jack_port_t *port,
    jack_latency_callback_mode_t mode, jack_latency_range_t *range);
void jack_port_set_latency_range(jack_port_t *port,
    jack_latency_callback_mode_t mode, jack_latency_range_t *range);
int jack_recompute_total_latencies(jack_client_t *client);
const char **jack_get_ports(jack_client_t *client,
    const char *port_name_pattern, const char *type_name_pattern,
    unsigned long flags);
jack_port_t *jack_port_by_name(jack_client_t *client, const char *port_name);
jack_port_t *jack_port_by_id(jack_client_t *client, jack_port_id_t port_id);
jack_nframes_t jack_frames_since_cycle_start(const jack_client_t *client);
jack_nframes_t jack_frame_time(const jack_client_t *client);
jack_nframes_t jack_last_frame_time(const jack_client_t *client);
int jack_get_cycle_times(const jack_client_t *client,
    jack_nframes_t *current_frames, jack_time_t *current_usecs,
    jack_time_t *next_usecs, float *period_usecs);
jack_time_t jack_frames_to_time(const jack_client_t *client,
    jack_nframes_t frames);
jack_nframes_t jack_time_to_frames(const jack_client_t *client,
    jack_time_t usecs);
jack_time_t jack_get_time(void);
extern void (*jack_error_callback)(const char *msg);
void jack_set_error_function(void (*func)(const char *));
extern void (*jack_info_callback)(const char *msg);
void jack_set_info_function(void (*func)(const char *));
void jack_free(void *ptr);
"""

_CDEF_TRANSPORT = """
typedef int (*JackSyncCallback)(jack_transport_state_t state,
    jack_position_t *pos, void *arg);
typedef void (*JackTimebaseCallback)(jack_transport_state_t state,
    jack_nframes_t nframes, jack_position_t *pos, int new_pos, void *arg);
int jack_release_timebase(jack_client_t *client);
int jack_set_sync_callback(jack_client_t *client,
    JackSyncCallback sync_callback, void *arg);
int jack_set_sync_timeout(jack_client_t *client, jack_time_t timeout);
int jack_set_timebase_callback(jack_client_t *client, int conditional,
    JackTimebaseCallback timebase_callback, void *arg);
int jack_transport_locate(jack_client_t *client, jack_nframes_t frame);
jack_transport_state_t jack_transport_query(const jack_client_t *client,
    jack_position_t *pos);
jack_nframes_t jack_get_current_transport_frame(const jack_client_t *client);
int jack_transport_reposition(jack_client_t *client,
    const jack_position_t *pos);
void jack_transport_start(jack_client_t *client);
void jack_transport_stop(jack_client_t *client);
"""

_CDEF_STATISTICS = """
float jack_get_max_delayed_usecs(jack_client_t *client);
float jack_get_xrun_delayed_usecs(jack_client_t *client);
void jack_reset_max_delayed_usecs(jack_client_t *client);
"""

_CDEF_THREAD = """
int jack_client_real_time_priority(jack_client_t *client);
int jack_client_max_real_time_priority(jack_client_t *client);
int jack_acquire_real_time_scheduling(jack_native_thread_t thread,
    int priority);
int jack_drop_real_time_scheduling(jack_native_thread_t thread);
typedef int (*JackThreadCreator)(jack_native_thread_t *thread,
    void *attr, void *(*function)(void *), void *arg);
void jack_set_thread_creator(JackThreadCreator creator);
"""

_CDEF_INTCLIENT = """
char *jack_get_internal_client_name(jack_client_t *client,
    jack_intclient_t intclient);
jack_intclient_t jack_internal_client_handle(jack_client_t *client,
    const char *client_name, jack_status_t *status);
jack_intclient_t jack_internal_client_load(jack_client_t *client,
    const char *client_name, jack_options_t options, jack_status_t *status,
    ...);
jack_status_t jack_internal_client_unload(jack_client_t *client,
    jack_intclient_t intclient);
"""

_CDEF_MIDIPORT = """
typedef unsigned char jack_midi_data_t;
typedef struct _jack_midi_event {
    jack_nframes_t time;
    size_t size;
    jack_midi_data_t *buffer;
} jack_midi_event_t;
uint32_t jack_midi_get_event_count(void *port_buffer);
int jack_midi_event_get(jack_midi_event_t *event, void *port_buffer,
    uint32_t event_index);
void jack_midi_clear_buffer(void *port_buffer);
size_t jack_midi_max_event_size(void *port_buffer);
jack_midi_data_t *jack_midi_event_reserve(void *port_buffer,
    jack_nframes_t time, size_t data_size);
int jack_midi_event_write(void *port_buffer, jack_nframes_t time,
    const jack_midi_data_t *data, size_t data_size);
uint32_t jack_midi_get_lost_event_count(void *port_buffer);
"""

_CDEF_RINGBUFFER = """
typedef struct {
    char *buf;
    size_t len;
} jack_ringbuffer_data_t;
typedef struct {
    char *buf;
    volatile size_t write_ptr;
    volatile size_t read_ptr;
    size_t size;
    size_t size_mask;
    int mlocked;
} jack_ringbuffer_t;
jack_ringbuffer_t *jack_ringbuffer_create(size_t sz);
void jack_ringbuffer_free(jack_ringbuffer_t *rb);
void jack_ringbuffer_get_read_vector(const jack_ringbuffer_t *rb,
    jack_ringbuffer_data_t *vec);
void jack_ringbuffer_get_write_vector(const jack_ringbuffer_t *rb,
    jack_ringbuffer_data_t *vec);
size_t jack_ringbuffer_read(jack_ringbuffer_t *rb, char *dest, size_t cnt);
size_t jack_ringbuffer_peek(jack_ringbuffer_t *rb, char *dest, size_t cnt);
void jack_ringbuffer_read_advance(jack_ringbuffer_t *rb, size_t cnt);
size_t jack_ringbuffer_read_space(const jack_ringbuffer_t *rb);
int jack_ringbuffer_mlock(jack_ringbuffer_t *rb);
void jack_ringbuffer_reset(jack_ringbuffer_t *rb);
void jack_ringbuffer_reset_size(jack_ringbuffer_t *rb, size_t sz);
size_t jack_ringbuffer_write(jack_ringbuffer_t *rb, const char *src,
    size_t cnt);
void jack_ringbuffer_write_advance(jack_ringbuffer_t *rb, size_t cnt);
size_t jack_ringbuffer_write_space(const jack_ringbuffer_t *rb);
"""

_CDEF_METADATA = """
typedef struct {
    const char *key;
    const char *data;
    const char *type;
} jack_property_t;
typedef struct {
    jack_uuid_t subject;
    uint32_t property_cnt;
    jack_property_t *properties;
    uint32_t property_size;
} jack_description_t;
typedef int jack_property_change_t;
enum JackPropertyChanges {
    PropertyCreated,
    PropertyChanged,
    PropertyDeleted
};
typedef void (*JackPropertyChangeCallback)(jack_uuid_t subject,
    const char *key, jack_property_change_t change, void *arg);
int jack_set_property(jack_client_t *client, jack_uuid_t subject,
    const char *key, const char *value, const char *type);
int jack_get_property(jack_uuid_t subject, const char *key, char **value,
    char **type);
void jack_free_description(jack_description_t *desc,
    int free_description_itself);
int jack_get_properties(jack_uuid_t subject, jack_description_t *desc);
int jack_get_all_properties(jack_description_t **descs);
int jack_remove_property(jack_client_t *client, jack_uuid_t subject,
    const char *key);
int jack_remove_properties(jack_client_t *client, jack_uuid_t subject);
int jack_remove_all_properties(jack_client_t *client);
int jack_set_property_change_callback(jack_client_t *client,
    JackPropertyChangeCallback callback, void *arg);
"""

_CDEF_UUID = """
int jack_uuid_parse(const char *buf, jack_uuid_t *uuid);
int jack_uuid_empty(jack_uuid_t uuid);
"""

_CDEF_SESSION = """
typedef int jack_session_event_type_t;
typedef int jack_session_flags_t;
typedef struct _jack_session_event {
    jack_session_event_type_t type;
    const char *session_dir;
    const char *client_uuid;
    char *command_line;
    jack_session_flags_t flags;
    uint32_t future;
} jack_session_event_t;
typedef struct {
    const char *uuid;
    const char *client_name;
    const char *command;
    jack_session_flags_t flags;
} jack_session_command_t;
typedef void (*JackSessionCallback)(jack_session_event_t *event, void *arg);
int jack_set_session_callback(jack_client_t *client,
    JackSessionCallback session_callback, void *arg);
int jack_session_reply(jack_client_t *client, jack_session_event_t *event);
void jack_session_event_free(jack_session_event_t *event);
char *jack_client_get_uuid(jack_client_t *client);
jack_session_command_t *jack_session_notify(jack_client_t *client,
    const char *target, jack_session_event_type_t type, const char *path);
void jack_session_commands_free(jack_session_command_t *cmds);
int jack_reserve_client_name(jack_client_t *client, const char *name,
    const char *uuid);
int jack_client_has_session_callback(jack_client_t *client,
    const char *client_name);
"""

# What is needed of the C library itself: a thread's wish not to be cancelled,
# threads with more stack, a compiler for the regular expressions that libjack
# will be given, and what a socket is connected with (Python's would be given
# socket.setdefaulttimeout(), and with it libjack's own).
_CDEF_LIBC = """
int getpeername(int socket, void *address, unsigned int *size);
int getsockname(int socket, void *address, unsigned int *size);
int pthread_attr_setstacksize(void *attr, size_t size);
int pthread_create(jack_native_thread_t *thread, void *attr,
    void *(*function)(void *), void *arg);
int pthread_getcpuclockid(jack_native_thread_t thread, int *clock);
int sem_init(void *sem, int pshared, unsigned int value);
int sem_post(void *sem);
int sem_getvalue(void *sem, int *value);
long syscall(long number, ...);
int pthread_setcancelstate(int state, int *oldstate);
int regcomp(void *preg, const char *regex, int cflags);
void regfree(void *preg);
"""


def _position_is_packed(platform: str, machine: str) -> bool:
    """Tell whether `jack_position_t` has no padding on this platform."""
    return platform == 'darwin' or not machine.lower().startswith(
        ('arm', 'aarch64', 'mips', 'ppc', 'powerpc'))


def _machine() -> str:
    return _os.uname().machine if hasattr(_os, 'uname') else ''


#: What is declared: types, the position and whether it is packed, functions.
_DECLARATIONS = (
    _CDEF_TYPES, _CDEF_POSITION,
    _position_is_packed(_sys.platform, _machine()),
    _CDEF_JACK + _CDEF_TRANSPORT + _CDEF_STATISTICS + _CDEF_THREAD
    + _CDEF_INTCLIENT + _CDEF_MIDIPORT + _CDEF_RINGBUFFER + _CDEF_METADATA
    + _CDEF_UUID + _CDEF_SESSION + _CDEF_LIBC)


def _parse_declarations() -> _t.Any:
    import cffi
    ffi = cffi.FFI()
    types, position, is_packed, functions = _DECLARATIONS
    ffi.cdef(types)
    ffi.cdef(position, packed=is_packed)
    ffi.cdef(functions)
    return ffi


def _write_parsed(path: str) -> None:
    """Write a module that has the declarations in a form to be used at once.

    That is what setup.py puts beside an installed module.
    """
    from cffi import recompiler
    ffi = _parse_declarations()
    ffi.set_source('_jack_parsed', None)
    recompiler.make_py_source(ffi, '_jack_parsed', path)
    with open(path, 'a', encoding='utf-8') as file:
        file.write(f'DECLARATIONS = {_DECLARATIONS!r}\n')


def _load_declarations() -> _t.Any:
    """Use a parsed form, as parsing takes most of the time of an import.

    It is not used if it is one of other declarations.  When there is none, it
    is kept where Python keeps the compiled form of this file.
    """
    try:
        parsed = vars(_importlib.import_module('_jack_parsed'))
    except ImportError:
        parsed = {}
    if parsed.get('DECLARATIONS') != _DECLARATIONS:
        path = _kept_path()
        parsed = _run_kept(path)
        if parsed.get('DECLARATIONS') != _DECLARATIONS:
            _keep_parsed(path)
            return _parse_declarations()
    return _ParsedAhead(parsed['ffi'])


def _kept_path() -> str:
    """Return where the parsed form is kept; '' if nothing can be."""
    spec = globals().get('__spec__')
    path = getattr(spec, 'cached', None)
    if not path:
        return ''
    version = _importlib.import_module('_cffi_backend').__version__
    return f'{path[:-4]}.cffi-{version}.py'


def _run_kept(path: str) -> dict[str, _t.Any]:
    try:
        with open(path, encoding='utf-8') as file:
            code = file.read()
    except OSError:
        return {}
    parsed: dict[str, _t.Any] = {}
    exec(compile(code, path, 'exec'), parsed)
    return parsed


def _keep_parsed(path: str) -> None:
    if not path or _sys.dont_write_bytecode:
        return
    own = f'{path}.{_os.getpid()}'
    # Another process may do the same, or the folder not be ours to write to.
    with _contextlib.suppress(OSError):
        _write_parsed(own)
        _os.replace(own, path)


class _ParsedAhead:
    """An ffi object from `_jack_parsed.py`, with what include() needs.

    A program's own ``ffi.include(jack._ffi)`` takes a `cffi.FFI` only.  One
    is made when it is asked for, whose types are those of this object, so
    that jack's pointers may be given to functions which the program declares.
    """

    def __init__(self, ffi: _t.Any) -> None:
        vars(self).update((name, getattr(ffi, name)) for name in dir(ffi)
                          if not name.startswith('_'))

    # isinstance() asks for it, and nobody is going to set it.
    @property  # type: ignore[misc]
    def __class__(self) -> _t.Any:
        import cffi
        return cffi.FFI

    def __getattr__(self, name: str) -> _t.Any:
        if name not in ('_parser', '_lock', '_cdefsources', '_included_ffis'):
            raise AttributeError(name)
        ffi = _parse_declarations()
        for kind in ffi._parser._declarations.values():
            self._give_type(ffi, kind[0])
        vars(self).update((name, getattr(ffi, name)) for name in (
            '_parser', '_lock', '_cdefsources', '_included_ffis'))
        return vars(self)[name]

    def _give_type(self, ffi: _t.Any, kind: _t.Any) -> None:
        """Let cffi use our type where it would make one of its own."""
        from cffi import model
        if isinstance(kind, model.StructOrUnionOrEnum):
            ffi._typecache[kind] = self.typeof(kind.get_official_name())
            # Its fields have their places already.
            kind.completed = 2


_ffi = _load_declarations()

# -- Library ------------------------------------------------------------------

_INSTALL_HINTS = """\
Install JACK:
  Debian/Ubuntu:   sudo apt install jackd2
  Fedora:          sudo dnf install jack-audio-connection-kit
  Arch:            sudo pacman -S jack2
  macOS:           brew install jack
  Windows:         the installer from https://jackaudio.org/downloads/
PipeWire has a JACK library as well: install it (on Debian and Ubuntu
pipewire-jack), and start your program with pw-jack.
The environment variable JACK_LIBRARY names a library in another place."""


def _library_candidates(platform: str, is_64bit: bool,
                        environ: _abc.Mapping[str, str]) -> list[str]:
    """List what to give to dlopen(), the most specific name first."""
    override = environ.get('JACK_LIBRARY')
    if override:
        return [override]
    if platform in ('win32', 'cygwin'):
        name = 'libjack64.dll' if is_64bit else 'libjack.dll'
        # The loader looks into the system's folders by itself.  ProgramFiles
        # is that of 32-bit programs for a 32-bit Python.
        folders = [f'{environ[key]}{rest}' for key, rest in (
            ('SystemRoot', ''), ('ProgramFiles', '\\JACK2'))
            if key in environ]
        return [name, *(f'{folder}\\{name}' for folder in folders)]
    if platform == 'darwin':
        names = ['libjack.0.dylib', 'libjack.dylib']
        # Homebrew on ARM and on Intel, MacPorts, and the official package.
        folders = ['/opt/homebrew/lib', '/usr/local/lib', '/opt/local/lib',
                   '/Library/Frameworks/Jackmp.framework']
        return [*names, *(f'{folder}/{name}' for folder in folders[:3]
                          for name in names), f'{folders[3]}/Jackmp']
    # The soname goes through the loader's own search path, which is what
    # `pw-jack` redirects; the bare name is there with development files only.
    return ['libjack.so.0', 'libjack.so']


# What cffi raises for a function that a library lacks, and for a variable; and
# for both of them when the declarations were parsed in advance.
_MISSING = AttributeError, KeyError, getattr(_ffi, 'error', KeyError)


class _Library:
    """The functions and constants of libjack, looked up once each.

    A function that this libjack lacks becomes one that raises `JackError`.
    """

    def __init__(self, raw: _t.Any, path: str) -> None:
        self._raw = raw
        self._path = path

    def __getattr__(self, name: str) -> _t.Any:
        if name.startswith('_'):
            # Whoever looks at all objects must not wait for cffi's lock.
            raise AttributeError(name)
        try:
            value = getattr(self._raw, name)
        except _MISSING:
            if not name.startswith('jack_'):
                raise AttributeError(name) from None
            value = self._stand_in(name)
        else:
            if (name.startswith('jack_port_') or name == 'jack_get_ports'
                    ) and _EARLY_PIPEWIRE:
                value = _guard.guarded(name, value)
            if name in _REQUESTS and _EARLY_PIPEWIRE:
                value = _insistent(name, value)
            if name in _REQUESTS:
                value = _bounded(name, value)
            elif name == 'jack_port_by_name' and _IMPLEMENTATION == 'JACK 1':
                value = _of_existing_ports(value)
        setattr(self, name, value)
        return value

    def _stand_in(self, name: str) -> _abc.Callable[..., _t.NoReturn]:
        def missing(*_args: _t.Any) -> _t.NoReturn:
            raise JackError(
                f'{name}() does not exist in {self._path} '
                f'({_implementation()}): this needs another JACK library')
        return missing

    def has(self, name: str) -> bool:
        """Tell whether a function or variable exists."""
        try:
            getattr(self._raw, name)
        except _MISSING:
            return False
        return True


def _open_library() -> _Library:
    reasons = []
    for path in _library_candidates(_sys.platform, _sys.maxsize > 2**32,
                                    _os.environ):
        try:
            return _Library(_ffi.dlopen(path), path)
        except (OSError, UnicodeEncodeError) as error:
            # The latter from cffi, of a path which is not UTF-8.
            reasons.append(f'  {path}: {error}')
    raise OSError('The JACK library was not found.  Tried:\n'
                  + '\n'.join(reasons) + '\n' + _INSTALL_HINTS)


def _implementation() -> str:
    """Name the implementation behind libjack: JACK 1, JACK 2 or PipeWire."""
    if not _lib.has('jack_get_version_string'):
        return 'JACK 1'
    text = _string(_lib.jack_get_version_string())
    return 'PipeWire' if 'PipeWire' in text else 'JACK 2'


def _open_libc() -> _t.Any:
    """Open the running program itself, for functions of the C library."""
    if _sys.platform in ('win32', 'cygwin'):
        return None
    return _ffi.dlopen(None)


# The functions that wait for the server's answer: for ever, when it is frozen.
_REQUESTS = frozenset((
    'jack_activate', 'jack_deactivate', 'jack_client_close',
    'jack_get_uuid_for_client_name', 'jack_get_client_name_by_uuid',
    'jack_port_register', 'jack_port_unregister', 'jack_port_rename',
    'jack_connect', 'jack_disconnect', 'jack_port_disconnect',
    'jack_set_buffer_size', 'jack_set_freewheel',
    'jack_recompute_total_latencies', 'jack_release_timebase',
    'jack_set_timebase_callback', 'jack_set_property',
    'jack_remove_property', 'jack_remove_properties',
    'jack_remove_all_properties', 'jack_internal_client_handle',
    'jack_internal_client_load', 'jack_internal_client_unload',
    'jack_get_internal_client_name', 'jack_session_notify',
    'jack_session_reply', 'jack_reserve_client_name',
    'jack_client_has_session_callback'))

# Those of which JACK 1 can do only one in a program: two start or end the one
# thread that it has for messages, one waits for its client's thread with what
# all clients share (nobody may hear of the thread, or another client).
_ONE_AT_A_TIME = ('jack_client_open', 'jack_client_close', 'jack_activate')


# Those that end connections.
_CUTTING = ('jack_disconnect', 'jack_port_disconnect', 'jack_port_unregister')

# Those that PipeWire 0.3 waits for ever in when it calls back, within another
# request, on the thread that makes this.
_DEAD_ENDS = ('jack_port_register', 'jack_port_unregister')


def _bounded(name: str, function: _t.Any) -> _abc.Callable[..., _t.Any]:
    """Let a request to the server end in an error when there's no answer."""
    if name == 'jack_port_unregister':
        function = _careful_unregister(function)

    def ask(ptr: _t.Any, *args: _t.Any) -> _t.Any:
        if _IMPLEMENTATION == 'JACK 1' and _on_jack_thread() and (
                name != 'jack_session_reply'):
            # It would throw the client out.
            raise JackError(
                f'JACK 1 cannot be asked for anything ({name}()) within a '
                'callback, as it waits for its end: do it in another thread '
                '(pass it on with a queue.SimpleQueue)')
        if _broken_off and name not in ('jack_deactivate',
                                        'jack_client_close'):
            raise JackError(
                'libjack takes the server for gone, as client '
                f'{_broken_off!r} could not be opened: close all clients of '
                'this program, and open them again.  Until then, they play '
                f'on, but the server cannot be asked for anything ({name}())')
        # libjack looks at the thread to refuse what would be a deadlock.
        if _get_ident() in _cycle_threads:
            if _NO_CUTTING_IN_CYCLE and name in _CUTTING and (
                    name == 'jack_disconnect'
                    or _lib.jack_port_connected(args[0])):
                raise JackError(
                    f'PipeWire cannot end a connection ({name}()) within the '
                    'process callback: do it in another thread (pass it on '
                    'with a queue.SimpleQueue)')
            if _leaving.get(_get_ident()) == ptr:
                raise JackError(
                    f'the client is being deactivated: {name}() would have '
                    'its process thread wait for itself')
            if (_IMPLEMENTATION == 'PipeWire'
                    and _get_ident() in _notified_threads):
                # The blocksize callback, which jack_activate() waits for.
                return function(ptr, *args)
            with _held(_workers.turn(ptr), name, _PATIENCE):
                return function(ptr, *args)
        if _get_ident() in _notified_threads:
            return _ask_in_notification(name, function, ptr, args)
        # While a client is being closed, there is nothing to watch it by.
        # Metadata wait for others who have them, not for cycles.
        closing = name == 'jack_client_close'
        return _workers.ask(name, function, (ptr, *args),
                            1.5 * _PATIENCE if closing else _PATIENCE, ptr,
                            watch=not closing and 'propert' not in name,
                            late=late(ptr))

    def late(ptr: _t.Any) -> _abc.Callable[[_t.Any], object] | None:
        if name != 'jack_port_register':
            return None
        return lambda port: _workers.hand_over(lambda: _withdraw(ptr, port))

    return ask


def _withdraw(ptr: _t.Any, port: _t.Any) -> None:
    """Unregister a port that nobody waits for any more."""
    for core in _cores():
        if core.ptr == ptr and port != _NULL:
            with core.changing():
                if core.ptr == ptr:
                    _lib.jack_port_unregister(ptr, port)


def _ask_in_notification(name: str, function: _t.Any, ptr: _t.Any,
                         args: tuple[_t.Any, ...]) -> _t.Any:
    """Make a request within a callback, which must not wait for others."""
    if _EARLY_PIPEWIRE and (
            name in _DEAD_ENDS and _get_ident() in _workers.threads
            or name == 'jack_recompute_total_latencies'
            and _get_ident() in _latency_threads):
        raise JackError(
            f'PipeWire 0.3 would wait for ever ({name}()) in this callback: '
            'do it in another thread (pass it on with a queue.SimpleQueue)')
    if _IMPLEMENTATION != 'JACK 2' or name == 'jack_session_reply':
        return function(ptr, *args)
    # It would get the answer to another request; and who waits for that may
    # wait for this callback, as jack_activate() does for the blocksize one.
    turn = _workers.turn(ptr)
    if not turn.acquire(blocking=False):
        raise JackError(
            f'the JACK server is asked for something else ({name}()): within '
            'a callback there is no time to wait for that; do it in another '
            'thread (pass it on with a queue.SimpleQueue)')
    try:
        return function(ptr, *args)
    finally:
        turn.release()


def _reply(ptr: _t.Any, event: SessionEvent, command: _t.Any) -> int:
    """Answer, with the event kept alive, perhaps when nobody waits for it."""
    struct = event._ptr
    struct.command_line = command
    try:
        return int(_lib._raw.jack_session_reply(ptr, struct))
    finally:
        # The memory is ours, not for jack_session_event_free() to release.
        struct.command_line = _NULL


def _of_existing_ports(by_name: _t.Any) -> _abc.Callable[..., _t.Any]:
    """JACK 1 finds what it has found before, even when that is gone."""
    def find(ptr: _t.Any, name: bytes) -> _t.Any:
        port = by_name(ptr, name)
        if port != _NULL:
            # Which may have been found by an alias.
            pattern = _literally(_ffi.string(_lib.jack_port_name(port)))
            if not _take_names(_lib.jack_get_ports(
                    ptr, b'^' + pattern + b'$', _NULL, 0)):
                return _NULL
        return port
    return find


def _insistent(name: str, function: _t.Any) -> _abc.Callable[..., _t.Any]:
    """Get what was asked for when PipeWire 0.3 says no by chance.

    Its libjack takes whatever error comes next for the server's answer: that
    somebody else's port has vanished before it could be looked at, say.  What
    it has asked for is done nevertheless, mostly.
    """
    def register(ptr: _t.Any, shortname: bytes, *args: _t.Any) -> _t.Any:
        port = function(ptr, shortname, *args)
        if port == _NULL:
            # libjack keeps it, and the server has got it.
            port = _lib.jack_port_by_name(
                ptr, _ffi.string(_lib.jack_get_client_name(ptr))
                + b':' + shortname)
            if port == _NULL or not _lib.jack_port_is_mine(ptr, port):
                return _NULL
        # It cannot be connected before the server has told its number, which
        # is 0 until then.
        _until(lambda: _lib.jack_port_uuid(port) != 0x100000001)
        return port

    def unregister(ptr: _t.Any, port: _t.Any) -> int:
        code = int(function(ptr, port))
        # It is gone, and libjack has freed what it knew of it.
        return 0 if code == -_errno.ENOENT else code

    def patch(ptr: _t.Any, a: bytes, b: bytes) -> int:
        def connected() -> bool | None:
            port = _lib.jack_port_by_name(ptr, a)
            if port == _NULL or _lib.jack_port_by_name(ptr, b) == _NULL:
                return None
            # The answer about a single one is late.
            return b in _take_names(
                _lib.jack_port_get_all_connections(ptr, port))

        def ask() -> int:
            # These two return errors as positive numbers.
            code = abs(int(function(ptr, a, b)))
            if code and before is (not wish) and _until(
                    lambda: connected() is wish):
                return 0
            return -code

        wish = name == 'jack_connect'
        before = connected()
        return -_insist(ask)

    if name == 'jack_port_register':
        return register
    if name == 'jack_port_unregister':
        return unregister
    if name in ('jack_connect', 'jack_disconnect'):
        return patch
    result = _ffi.typeof(getattr(_lib._raw, name)).result
    if name == 'jack_activate' or result is not _INT:
        return function     # `_join_graph` has more to do each time.
    return lambda *args: _insist(function, *args)


def _until(condition: _abc.Callable[[], bool],
           patience: float = 0.05) -> bool:
    """Wait for something to become true; tell whether it has.

    What libjack learns a little later is there within the usual time.
    """
    deadline = _time.monotonic() + patience
    while not condition():
        if _time.monotonic() > deadline:
            return False
        _time.sleep(0.0005)
    return True


def _insist(request: _abc.Callable[..., int], *args: _t.Any) -> int:
    """Ask until libjack does not fail by chance; return the last code."""
    code = 0
    for _ in range(_CHANCES):
        code = int(request(*args))
        if code != -_errno.ENOENT:
            break
    return code


class _Lock(type(_threading.RLock())):  # type: ignore[misc]
    """A lock for `with`, which always gives it back.

    From Python 3.14 on, a signal handler's exception may come when a lock of
    Python's has been taken, but `with` has not begun.  In the head of a loop
    none can, nor between that and the end of this function.
    """

    def __enter__(self) -> bool:
        for taken in map(self.acquire, (True,)):
            return taken
        return False


class _Guard:
    """Keeps ports in their place while they are looked at, on PipeWire 0.3.

    That libjack uses the memory of a port again as soon as it has been
    unregistered.  Whoever is just about to look at it in another thread, or
    makes a list of all ports, crashes; programs in C do so as well.
    """

    def __init__(self) -> None:
        #: Addresses where there is no port any more, or not yet again.
        self.freed: set[int] = set()
        self.reset()

    def reset(self) -> None:
        """Take the lock away from a thread that a forked child lacks."""
        self.lock = _Lock()
        #: Since when it is held until the server has answered, if it is.
        self.asked: float | None = None

    def guarded(self, name: str, function: _t.Any
                ) -> _abc.Callable[..., _t.Any]:
        """Guard a function that takes, finds or lists ports."""
        ctype = _ffi.typeof(function)
        numbers = [number for number, argument in enumerate(ctype.args)
                   if argument is _PORT]
        finds = ctype.result is _PORT

        def call(*args: _t.Any) -> _t.Any:
            for number in numbers:
                if _int_from_ptr(args[number]) in self.freed:
                    raise JackError('the port is gone: another thread has '
                                    'unregistered it a moment ago')
            result = function(*args)
            if finds:
                self.freed.discard(_int_from_ptr(result))
            elif name == 'jack_port_unregister':
                self.freed.add(_int_from_ptr(args[1]))
            return result

        def ask(*args: _t.Any) -> _t.Any:
            with self.held(name):
                self.asked = _time.monotonic()
                try:
                    return call(*args)
                finally:
                    self.asked = None

        def look(*args: _t.Any) -> _t.Any:
            ident = _get_ident()
            if ident in _notified_threads:
                # Nothing is freed now: that waits for the end of the callback.
                return call(*args)
            if ident in _cycle_threads:
                with self.held(name):
                    return call(*args)
            while (asked := self.asked) is not None:
                if _time.monotonic() > asked + _PATIENCE:
                    raise _no_answer(name)
                _time.sleep(1e-4)
            # No signal handler can come between here, as it could between
            # acquire() and `try`.
            with self.lock:
                return call(*args)

        if name == 'jack_port_get_buffer' or not (
                numbers or finds or name == 'jack_get_ports'):
            return function
        if name == 'jack_port_register':
            return call
        return ask if name in _REQUESTS else look

    @_contextlib.contextmanager
    def held(self, name: str) -> _t.Iterator[None]:
        """Hold the lock, on a thread which no signal handler comes to.

        One of JACK's gives up early: whoever has the lock may wait for it.
        """
        with _held(self.lock, name, 0.1 if _on_jack_thread() else _PATIENCE):
            yield


def _literally(name: bytes) -> bytes:
    """Return the pattern that means this very name to libjack."""
    return _re.sub(rb'([][.()*+?{}|^$\\])', rb'\\\1', name)


def _is_in_subinterpreter() -> bool:
    """Tell whether this is not the process's main interpreter."""
    if hasattr(_sys.modules.get('__main__'), '__file__'):
        return False    # It runs a program; what follows takes longer.
    for name in '_interpreters', '_xxsubinterpreters':
        with _contextlib.suppress(ImportError):
            module = __import__(name)
            return bool(module.get_current() != module.get_main())
    return False


if _is_in_subinterpreter():
    # libjack's threads would call functions of one that has ended.
    raise ImportError('jack works in the main interpreter only: import it '
                      'there, or in a process of its own', name=__name__)

_guard = _Guard()
_lib = _open_library()
_libc = _open_libc()


def _widen_stacks() -> _t.Any:
    """Give the threads of JACK as much stack as those of Python have.

    JACK's have 512 kB: what should be a RecursionError would be a crash.  The
    returned function has to live as long as libjack.
    """
    def create(thread: _t.Any, attr: _t.Any, function: _t.Any,
               arg: _t.Any) -> int:
        if attr:
            _libc.pthread_attr_setstacksize(attr, 1 << 23)
        return int(_libc.pthread_create(thread, attr, function, arg))

    creator = _ffi.callback('JackThreadCreator', create, error=_errno.EAGAIN)
    _lib.jack_set_thread_creator(creator)
    return creator


if _libc is not None and _lib.has('jack_set_thread_creator'):
    _thread_creator = _widen_stacks()

# -- Constants ----------------------------------------------------------------

#: Transport state: stopped.
STOPPED = _lib.JackTransportStopped
#: Transport state: playing.
ROLLING = _lib.JackTransportRolling
#: Transport state: slow-sync clients are getting ready.
STARTING = _lib.JackTransportStarting
#: Transport state: clients on other machines are getting ready.
NETSTARTING = _lib.JackTransportNetStarting

#: A property was added (see `Client.set_property_change_callback`).
PROPERTY_CREATED = _lib.PropertyCreated
#: A property has a new value.
PROPERTY_CHANGED = _lib.PropertyChanged
#: A property was removed.
PROPERTY_DELETED = _lib.PropertyDeleted

#: Bit of a position's *valid* field: bar, beat and tick are set.
POSITION_BBT = _lib.JackPositionBBT
#: Bit of *valid*: *frame_time* and *next_time* are set.
POSITION_TIMECODE = _lib.JackPositionTimecode
#: Bit of *valid*: *bbt_offset* is set.
POSITION_BBT_FRAME_OFFSET = _lib.JackBBTFrameOffset
#: Bit of *valid*: *audio_frames_per_video_frame* is set.
POSITION_AUDIO_VIDEO_RATIO = _lib.JackAudioVideoRatio
#: Bit of *valid*: *video_offset* is set.
POSITION_VIDEO_FRAME_OFFSET = _lib.JackVideoFrameOffset
#: Bit of *valid*: *tick_double* is set.
POSITION_TICK_DOUBLE = _lib.JackTickDouble

#: Latency between a port and the inputs of the graph.
CAPTURE_LATENCY = _lib.JackCaptureLatency
#: Latency between a port and the outputs of the graph.
PLAYBACK_LATENCY = _lib.JackPlaybackLatency

_METADATA = 'http://jackaudio.org/metadata/'
#: Key: to which hardware a physical port is connected.
METADATA_CONNECTED = _METADATA + 'connected'
#: Key: what kinds of events a port carries.
METADATA_EVENT_TYPES = _METADATA + 'event-types'
#: Key: the hardware behind a physical port.
METADATA_HARDWARE = _METADATA + 'hardware'
#: Key: a PNG icon of up to 128x128 pixels, in Base64.
METADATA_ICON_LARGE = _METADATA + 'icon-large'
#: Key: the name of an icon in the desktop's theme.
METADATA_ICON_NAME = _METADATA + 'icon-name'
#: Key: a PNG icon of up to 32x32 pixels, in Base64.
METADATA_ICON_SMALL = _METADATA + 'icon-small'
#: Key: where a port stands in its client's order.
METADATA_ORDER = _METADATA + 'order'
#: Key: the group (a stereo pair, say) that a port belongs to.
METADATA_PORT_GROUP = _METADATA + 'port-group'
#: Key: a name for people to read.
METADATA_PRETTY_NAME = _METADATA + 'pretty-name'
#: Key: what a signal means (``'CV'``, for example).
METADATA_SIGNAL_TYPE = _METADATA + 'signal-type'

_AUDIO = b'32 bit float mono audio'
_MIDI = b'8 bit raw midi'
_SAMPLE_BYTES = 4

# Up to so many ports, each of them is looked up when they are listed.
_FEW = 40

# A deadline that a healthy server keeps with a wide margin.
_PATIENCE = 3.0


class PortFlags(_enum.IntFlag):
    """What a port is and can do, as a set of bits.

    Bits without a name here (of a later JACK) are kept.

    Examples
    --------
    >>> import jack
    >>> flags = jack.PortFlags.IS_OUTPUT | jack.PortFlags.IS_TERMINAL
    >>> jack.PortFlags.IS_OUTPUT in flags
    True

    """

    IS_INPUT = _lib.JackPortIsInput
    IS_OUTPUT = _lib.JackPortIsOutput
    IS_PHYSICAL = _lib.JackPortIsPhysical
    CAN_MONITOR = _lib.JackPortCanMonitor
    IS_TERMINAL = _lib.JackPortIsTerminal


_FLAGS = tuple(flag.value for flag in (
    PortFlags.IS_INPUT, PortFlags.IS_OUTPUT, PortFlags.IS_PHYSICAL,
    PortFlags.IS_TERMINAL, PortFlags.CAN_MONITOR))


class LatencyRange(_t.NamedTuple):
    """The smallest and the largest latency of a port, in frames.

    Examples
    --------
    >>> import jack
    >>> shortest, longest = jack.LatencyRange(256, 512)
    >>> longest - shortest
    256

    """

    min: int
    max: int


class CycleTimes(_t.NamedTuple):
    """When the current process cycle began, and when the next one will.

    What `Client.cycle_times` returns.
    """

    current_frames: int
    current_usecs: int
    next_usecs: int
    period_usecs: float


class SessionCommand(_t.NamedTuple):
    """One client's answer to a session event.

    What `Client.session_notify` returns a list of.
    """

    uuid: str
    client_name: str
    command: str
    flags: int


# -- Exceptions ---------------------------------------------------------------

class JackError(Exception):
    """The base class of everything that goes wrong with JACK.

    Examples
    --------
    >>> import jack
    >>> client = jack.Client('searcher')
    >>> try:
    ...     port = client.get_port_by_name('nobody:nothing')
    ... except jack.JackError as e:
    ...     print('What a pity:', e)
    What a pity: there is no port 'nobody:nothing'
    >>> client.close()

    """


class JackErrorCode(JackError):
    """A function of libjack returned an error code.

    Parameters
    ----------
    message
        What was tried.
    code
        What the C function returned; often an errno value.

    Examples
    --------
    >>> import errno, jack
    >>> client = jack.Client('twice')
    >>> source = client.outports.register('out')
    >>> sink = client.inports.register('in')
    >>> client.activate()
    >>> source.connect(sink)
    >>> try:
    ...     source.connect(sink)
    ... except jack.JackErrorCode as e:
    ...     print(e.code == errno.EEXIST)
    True
    >>> client.close()

    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, code)
        self.message = message
        self.code = code

    def __str__(self) -> str:
        return f'{self.message} ({self.code})'


class JackOpenError(JackError):
    """A client could not be opened.

    Parameters
    ----------
    name
        The client's desired name.
    status
        The reasons that JACK gave.

    Attributes
    ----------
    servername : str
        Which server was asked for.

    Examples
    --------
    >>> import jack
    >>> client = jack.Client('unique')
    >>> try:
    ...     jack.Client('unique', use_exact_name=True)
    ... except jack.JackOpenError as e:
    ...     print(e.name, e.status.failure)
    unique True
    >>> client.close()

    """

    servername = 'default'

    def __init__(self, name: str, status: Status) -> None:
        super().__init__(name, status)
        self.name = name
        self.status = status

    def __str__(self) -> str:
        status: _t.Any = self.status
        text = f'cannot open client {self.name!r}: {status!r}'
        if not isinstance(status, Status):
            return text
        if isinstance(self.__cause__, OSError):
            text += f' -- {self.__cause__.strerror}'
        elif status.server_failed:
            server = option = ''
            if self.servername != 'default':
                server = f' called {self.servername!r}'
                option = f' -n {self.servername}'
            text += f' -- is a JACK server{server} running?  ' + (
                '(this program has the JACK library of PipeWire: '
                'systemctl --user start pipewire)'
                if _IMPLEMENTATION == 'PipeWire' else
                f'(without a sound card: jackd -r{option} -d dummy; with '
                'PipeWire: start the program with pw-jack)')
        elif status.name_not_unique:
            text += ' -- the name is taken, and use_exact_name was asked for'
        elif status.server_error:
            # JACK 2 says two bytes more than it takes.
            limit = client_name_size() - (
                2 if _IMPLEMENTATION == 'JACK 2' else 1)
            text += (' -- the server did not answer in time (it may be '
                     'stopped), or it refused: the name may be longer than '
                     f'{limit} bytes, be taken (if use_exact_name was asked '
                     'for: not all servers say so), or 100 clients may have '
                     'it, or there are as many clients as the server allows '
                     '(about 250 on JACK 1 and JACK 2, fixed when it was '
                     'built)')
        elif status.init_failure:
            text += _try_again()
        return text


def _not_opened(name: str, status: Status, servername: str) -> JackOpenError:
    error = JackOpenError(name, status)
    error.servername = servername
    return error


class CallbackExit(Exception):
    """Raised in a callback to tell JACK of a failure, without a traceback.

    In the process callback this ends the processing for good.

    Examples
    --------
    Play one block, and no more:

    >>> import jack
    >>> client = jack.Client('once')
    >>> @client.set_process_callback
    ... def process(frames):
    ...     raise jack.CallbackExit
    >>> client.close()

    """


class _Occupied(JackError):
    """Raised when another thread changes a client for too long."""


class _NoAnswer(JackError):
    """The server has not answered a request in time."""


class _JackValueError(JackError, ValueError):
    """A JACK failure which older programs expect as a `ValueError`."""


class _JackRuntimeError(JackError, RuntimeError):
    """A JACK failure which older programs expect as a `RuntimeError`."""


class _JackAttributeError(JackError, AttributeError):
    """Something of a client's is not there, as nobody has opened it."""


# -- The C boundary -----------------------------------------------------------

_NULL = _ffi.NULL
_buffer = _ffi.buffer
_memmove = _ffi.memmove
_new = _ffi.new
_CHARS = _ffi.typeof('char[]')
_POSITION = _ffi.typeof('jack_position_t *')
_PORT = _ffi.typeof('jack_port_t *')
_INT = _ffi.typeof('int')

# Memory that is going to be filled at once need not be cleared first.
_new_chars = _ffi.new_allocator(should_clear_after_alloc=False)


# Up to this number of bytes, a copy is made sooner than the interpreter lock
# is given up.
_SMALL = 256

# More than this is copied in several pieces, between which others may run.
_PIECE = 1 << 16

# The lock of CPython's, that is: PyPy's C functions run without.
_HAS_INTERPRETER_LOCK = _sys.implementation.name == 'cpython' and getattr(
    _sys, '_is_gil_enabled', lambda: True)()

# Small objects in a container are used again when there is no reference to
# them but the container's: that is, when _references() says _UNSHARED, which
# it never does on a Python that does not count references.  Nor on one that
# has no interpreter lock: there, what is counted while another thread takes a
# reference or gives one back may be too little.
_references: _abc.Callable[[object], int] = (
    _sys.getrefcount if _HAS_INTERPRETER_LOCK else lambda _: -1)
_example = [object()]
_UNSHARED = max(0, min(_references(_example[0]), *map(_references, _example)))


def _string(ptr: _t.Any) -> str:
    """Decode a C string; bytes that are not UTF-8 survive as surrogates."""
    return _ffi.string(ptr).decode('utf-8', 'surrogateescape')


def _take_string(ptr: _t.Any) -> str:
    """Decode a C string that libjack has handed over to us, and free it."""
    try:
        return _string(ptr)
    finally:
        _lib.jack_free(ptr)


def _take_names(ptr: _t.Any) -> list[bytes]:
    """Copy and free a NULL-terminated array of port names."""
    if ptr == _NULL:
        return []
    names: list[bytes] = []
    string = _ffi.string
    try:
        for index in _itertools.count():
            name = ptr[index]
            if not name:
                break
            names.append(string(name))
    finally:
        _lib.jack_free(ptr)
    return names


def _encode(text: str, argument: str) -> bytes:
    """Make a C string from *text*, the value of *argument*."""
    if not isinstance(text, str):
        raise TypeError(f'{argument} must be a str, '
                        f'not {type(text).__name__}')
    try:
        data = text.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError as error:
        raise ValueError(f'{argument} cannot be written as UTF-8: {error}'
                         ) from None
    if b'\0' in data:
        raise ValueError(f'{argument} must not contain a null character: '
                         f'{text!r}')
    return data


def _encode_name(text: str, argument: str) -> bytes:
    """Make a C string from a name, which must not be empty."""
    data = _encode(text, argument)
    if not data:
        raise ValueError(f'{argument} must not be empty')
    return data


def _index(value: _t.Any, argument: str) -> int:
    """Return a value of any integer type as an int."""
    try:
        return _operator.index(value)
    except TypeError:
        raise TypeError(f'{argument} must be an integer, '
                        f'not {type(value).__name__}') from None


def _integer(value: _t.SupportsIndex, argument: str, bits: int = 32) -> int:
    """Check an unsigned integer of any integer type."""
    number = _index(value, argument)
    if not 0 <= number < 1 << bits:
        raise ValueError(f'{argument} must be from 0 to 2**{bits} - 1, '
                         f'not {number}')
    return number


def _check(code: int, message: str) -> None:
    """Raise `JackErrorCode` when libjack returned an error code."""
    if code:
        raise JackErrorCode(message + _hint(code), code)


def _hint(code: int = 0) -> str:
    """Complete the message of a request that the server refused."""
    if _get_ident() in _notified_threads:
        return (' -- most servers refuse requests from within a notification '
                'callback; do it in another thread (pass it on with a '
                'queue.SimpleQueue)')
    return _try_again() if code == -_errno.ENOENT else ''


def _try_again() -> str:
    """Complete the message of what may have failed by chance."""
    return (' -- PipeWire 0.3 may refuse a request when other clients or '
            'ports come or go at the same time: try it again'
            if _EARLY_PIPEWIRE else '')


def _not_null(ptr: _t.Any, message: str) -> _t.Any:
    """Raise `JackError` when libjack returned no object."""
    if ptr == _NULL:
        raise JackError(message)
    return ptr


# What inspect calls CO_GENERATOR, CO_COROUTINE and CO_ASYNC_GENERATOR.
_RUNS_LATER = 0x20 | 0x80 | 0x200


def _callable(function: _t.Any, argument: str = 'callback') -> None:
    if not callable(function):
        raise TypeError(f'{argument} must be callable, '
                        f'not {type(function).__name__}')
    while isinstance(function, _functools.partial):
        function = function.func
    # Of a function, of a method, or of an object that can be called.
    code = (getattr(function, '__code__', None)
            or getattr(type(function).__call__, '__code__', None))
    if isinstance(code, _types.CodeType) and code.co_flags & _RUNS_LATER:
        raise TypeError(f'{argument} must be an ordinary function: to call '
                        'one with "yield" or "async def" runs nothing of it')


def _check_pattern(pattern: bytes) -> None:
    """Refuse a broken regular expression: JACK 1 crashes on it."""
    # The C library's recursion overflows the stack, that of a small thread
    # even with some hundred levels, or takes for ever.  What stands for
    # itself after a backslash does not count, and lists of names may be long.
    found = _re.findall(rb"\\[^\w<>`']|([(*+?{]|\^\^|\$\$|\\.)", pattern)
    if len(pattern) > 64_000 or sum(map(bool, found)) > 100:
        raise ValueError('name_pattern is too complicated: it may have 64 kB '
                         'and 100 groups and repetitions')
    if _libc is None:
        return
    # Larger than regex_t on any platform; 1 is REG_EXTENDED on all of them.
    preg = _ffi.new('char[1024]')
    if _libc.regcomp(preg, pattern, 1):
        raise ValueError('name_pattern is not a POSIX extended regular '
                         f'expression: {pattern.decode("utf-8", "replace")!r}')
    _libc.regfree(preg)


def _report(what: str, error: BaseException | None) -> None:
    """Print what ended a callback, as Python does for threads."""
    if error is None or isinstance(error, CallbackExit):
        return
    # pythonw.exe has no stderr, and a program may have deleted it.
    stderr = getattr(_sys, 'stderr', None)
    if stderr is None:
        return
    # JACK waits for what comes next.  And who could be told of a stderr that
    # is closed, or of a terminal that is gone?  Only on the main thread may
    # there be a signal handler's exception.
    is_main = _get_ident() == _threading.main_thread().ident
    with _contextlib.suppress(Exception if is_main else BaseException):
        lines = _traceback.format_exception(type(error), error,
                                            error.__traceback__)
        stderr.write(f'Exception in JACK {what}:\n' + ''.join(lines))
        stderr.flush()


#: The identifiers of the threads that are inside a notification callback.
_notified_threads: set[int] = set()

#: And of those in a latency callback.
_latency_threads: set[int] = set()

#: The identifiers of the threads that run the process cycle of a client.
_cycle_threads: set[int] = set()

#: And the clients whose deactivation waits for one of them to end.  They may
#: still run what the collector brings about: a method ``__del__()``, say.
_leaving: dict[int, _t.Any] = {}


def _on_jack_thread() -> bool:
    ident = _get_ident()
    return ident in _notified_threads or ident in _cycle_threads


def _gone() -> None:
    """Stand in for a reference to something that is not there (any more)."""


#: How many ports to remember.  There can be about 4,000 at a time.
_MEMORY = 10_000


def _remember(memory: dict[bytes, _t.Any], name: bytes, what: object) -> None:
    """Add something to what is known of ports; forget the oldest of it."""
    memory.pop(name, None)
    memory[name] = what
    if len(memory) > _MEMORY:
        memory.pop(next(iter(memory)), None)


class _Core:
    """What stands between a client and C: pointer, callbacks, cycle thread.

    Trampolines, ports and the process cycle refer to the core and never to
    the `Client`, so that a forgotten client can be collected.
    """

    # Found faster in each cycle than in a dict.
    __slots__ = (
        'ptr', 'raw', 'name', 'prefix', 'server', 'end', 'closed', 'lost',
        'client', 'active', 'activation', 'leaving', 'cyclic', 'enters',
        'begun', 'last_exception', 'xrun_count', 'semaphore', 'lifecycle',
        'unanswered', 'changers', 'functions', 'trampolines', 'kept',
        'notifiers', 'speakers', 'inside', 'own', 'renamed', 'remembered',
        'ident', 'frames', 'cycle', 'cycle_idents', 'outputs', 'reserved',
        'views', 'event_views', 'runner', 'positions', 'handle', 'uuid',
        'moved', 'freewheels', 'served', 'first', 'connection', 'seen_patch',
        'hold', '__weakref__')

    def __init__(self, ptr: _t.Any, name: str, server: str,
                 connection: int | None) -> None:
        #: The C pointer; `None` from the moment that closing begins.
        self.ptr = ptr
        #: The same, for as long as C may have the client.
        self.raw = ptr
        self.name = name
        #: What the full names of our own ports begin with.
        self.prefix = name.encode('utf-8', 'surrogateescape') + b':'
        self.server = server
        #: Completes the sentence "client 'x' ..." once it cannot be used.
        self.end = ''
        self.closed = False
        #: Whether the server has gone.
        self.lost = False
        #: Whoever takes it tells the user of that.
        self.served = [True]
        #: Our copy of libjack's connection with the server, for `_watch`.
        #: Not a socket, which the garbage collector would close too early.
        self.connection = connection
        #: Finds the client without keeping it alive.
        self.client: _abc.Callable[[], Client | None] = _gone
        self.active = False
        #: Counts how often it has been activated.
        self.activation = 0
        #: Whether deactivation has begun, and perhaps not been completed.
        self.leaving = False
        #: Whether C functions are called in each cycle, if there are any.
        self.cyclic = True
        #: Whether the process thread enters Python in each cycle, on JACK 1.
        self.enters = False
        #: Whether this client has begun freewheel mode, and not ended it.
        self.freewheels = False
        #: Whether the process thread has been here, on JACK 1.
        self.begun = False
        self.last_exception: BaseException | None = None
        self.xrun_count = 0
        #: Counts those that come where there must be no Python, if they do.
        self.semaphore: _t.Any = None
        #: Guards activation, deactivation and closing; see `changing`.
        self.lifecycle = _Lock()
        #: Set when the server has not answered a client that leaves: it is of
        #: no use to wait once more.
        self.unanswered = False
        #: The threads that wait to be the next, in turn, and when each of
        #: them last asked; 0 once it has had its turn.
        self.changers: dict[int, float] = {}
        #: The user's callbacks.  They can be replaced without a word to C.
        self.functions: dict[str, _t.Any] = {}
        #: The C callbacks, alive as long as C may call them.
        self.trampolines: dict[str, _t.Any] = {}
        self.kept: list[_t.Any] = []
        #: Which of the callbacks that a process thread begins with have come
        #: on which thread since activation, with its native identifier.
        self.first: dict[tuple[str, int], int] = {}
        #: Native identifiers of the threads that notifications come on.
        self.notifiers: set[int] = set()
        #: And of those that messages come on, perhaps because of this client.
        self.speakers: set[int] = set()
        #: Identifiers of those of all these that are in a callback now.
        self.inside: set[int] = set()
        #: Our own ports by full name.
        self.own: _weakref.WeakValueDictionary[bytes, OwnPort] = (
            _weakref.WeakValueDictionary())
        #: Names that ports had before they were renamed.
        self.renamed: dict[bytes, bytes] = {}
        #: What ports were, for notifications of their end.
        self.remembered: dict[bytes, _Memory] = {}
        #: The thread identifier while the process callback runs, or 0.
        self.ident = 0
        self.frames = 0
        self.cycle = 0
        self.cycle_idents: set[int] = set()
        #: Output ports whose data is handed to JACK after each callback.
        self.outputs: list[OwnPort] = []
        #: MIDI ports with events that were reserved in this cycle.
        self.reserved: list[OwnMidiPort] = []
        #: JACK's memory of samples by its address, and that of MIDI events
        #: by size and address.
        self.views = _Views(0)
        self.event_views = _ViewTables()
        self.runner: _Runner | None = None
        #: Positions that were given out, and their addresses; two of them,
        #: as the last one is held on to until there is the next.
        self.positions: _collections.deque[tuple[_t.Any, ...]] = (
            _collections.deque())
        self.handle: _t.Any = None
        #: The last one of `_last_patches` that it has shown to us.
        self.seen_patch: _Patch | None = None
        #: What the reader of notifications is to be kept by, on JACK 2.
        self.hold: _Hold | None = None
        #: What `catch_up` asks about.
        self.uuid: int | None = None
        #: The last cycle before the transport was moved (on PipeWire only).
        self.moved: int | None = None

    def make_position(self, spare: tuple[_t.Any, ...] | None
                      ) -> tuple[_t.Any, ...]:
        """Return a new position, as *spare* is in use (or there is none)."""
        ptr = self.require()
        if self.handle is None:
            _load_realtime_calls()
            self.handle = _rt.handle(ptr)
        if spare is not None and not self.positions:
            self.positions.append(spare)
        position = _new(_POSITION)
        return position, _rt.handle(position), position[0]

    def require(self) -> _t.Any:
        """Return the C pointer, or raise when the client cannot be used."""
        if self.end:
            raise JackError(f'client {self.name!r} {self.end}')
        return self.ptr

    def changing(self, timeout: float = _PATIENCE) -> _Turn:
        """Keep other threads from changing the state of the client."""
        return _Turn(self, timeout)

    def is_changing(self) -> bool:
        """Tell whether this very thread is."""
        return bool(self.lifecycle._is_owned())

    def is_next(self, ident: int) -> bool:
        """Tell whether a waiting thread has been waiting the longest.

        Who does not ask again has had its turn or given up, or has been made
        to by a signal handler's exception.
        """
        now = _time.monotonic()
        self.changers[ident] = now
        for other, asked in tuple(self.changers.items()):
            if other == ident:
                break
            if now < asked + 0.1:
                return False
            self.changers.pop(other, None)
        return True

    def settled(self) -> _t.ContextManager[None]:
        """Keep the client active, or inactive, while ports come and go.

        Otherwise the libjack of JACK 1 or 2 may crash.  A callback must not
        wait for who changes that, and who perhaps waits for the callback.
        The server is asked afterwards, which may take some more time.
        """
        return (_contextlib.nullcontext() if _on_jack_thread()
                else self.changing(_PATIENCE / 2))

    def failed(self, what: str, error: BaseException | None) -> None:
        """Note what ended a callback, and tell the user."""
        self.last_exception = error
        _report(f'{what} callback of client {self.name!r}', error)

    def trampoline(self, name: str, cdecl: str,
                   adapter: _abc.Callable[..., _t.Any],
                   success: int | None, failure: int | None) -> _t.Any:
        """Make a C callback for the user's callback called *name*.

        *adapter* gets the user's function, the core and the arguments from C;
        its result, if there is one, is what C gets.
        """
        ref = _weakref.ref(self)
        what = name.replace('_', ' ')
        is_first = name in _FIRST_CALLBACKS

        def entry(*args: _t.Any) -> int | None:
            core = ref()
            if core is None:
                return failure
            if core.closed and name not in ('shutdown', 'thread_init'):
                return success
            ident = _get_ident()
            outermost = ident not in _notified_threads
            _notified_threads.add(ident)
            if is_first:
                core.first[name, ident] = _threading.get_native_id()
            # The thread for libjack's messages is never cancelled.
            if ident not in core.cycle_idents and name != 'thread_init':
                # Nor is one that calls back while it is asked for something.
                if _sys._getframe().f_back is None:
                    core.notifiers.add(_threading.get_native_id())
                core.inside.add(ident)
            try:
                result = adapter(core.functions.get(name), core, *args[:-1])
                return success if result is None else result
            except BaseException as error:
                core.failed(what, error)
                return failure
            finally:
                if outermost:
                    _notified_threads.discard(ident)
                    core.inside.discard(ident)

        def escaped(kind: type, error: BaseException | None,
                    traceback: _t.Any) -> None:
            # What no `try` can catch, such as a failed conversion.
            core = ref()
            if core is not None:
                core.failed(what, error)

        options = {} if failure is None else {'error': failure}
        callback = _ffi.callback(cdecl, entry, onerror=escaped, **options)
        self.trampolines[name] = callback
        # When two threads set it, nobody knows which one C has got.
        self.kept.append(callback)
        return callback

    def install(self, name: str, function: _t.Any) -> None:
        """Have *function* called for the notification called *name*."""
        former = self.functions.get(name)
        native = isinstance(function, _NativeFunction)
        if (name in self.trampolines and not native
                and not isinstance(former, _NativeFunction)):
            self.functions[name] = function
            return
        notification = _NOTIFICATIONS[name]
        ptr = self.require()
        if name == 'thread_init' and _IMPLEMENTATION == 'JACK 1':
            # There it waits for a thread of libjack's, for ever if that has
            # gone with another client: the process thread makes the call.
            self.functions[name] = function
            return
        setter = getattr(_lib, notification.setter)
        if native:
            callback, arg = function.pointer, function.arg
        else:
            callback, arg = self.trampolines.get(name), _NULL
            if callback is None:
                callback = self.trampoline(
                    name, notification.cdecl, notification.adapter,
                    notification.success, notification.failure)
        try:
            with self.replacing(name, function):
                # jack_on_info_shutdown() alone returns nothing.
                _check(setter(ptr, callback, arg) or 0,
                       f'cannot set the {name} callback')
        except JackError:
            if former is None:
                self.trampolines.pop(name, None)
            raise
        if native:
            self.kept.append(function)

    def count_natively(self) -> _NativeFunction:
        """Make a callback that counts without Python: C's semaphores do."""
        if self.semaphore is None:
            # Twice of what they need with glibc.
            self.semaphore = _ffi.new('char[64]')
            _libc.sem_init(self.semaphore, 0, 0)
        pointer = _ffi.cast('JackXRunCallback', _ffi.addressof(
            _libc, 'sem_post'))
        return _NativeFunction(pointer, pointer, self.semaphore)

    def count_xruns(self) -> int:
        """Return how many there have been, as either callback counts them."""
        number = _ffi.new('int *')
        if self.semaphore is not None:
            _libc.sem_getvalue(self.semaphore, number)
        return self.xrun_count + number[0]

    @_contextlib.contextmanager
    def replacing(self, name: str, function: _t.Any) -> _t.Iterator[None]:
        """Have *function* called, and that of before if JACK refuses it.

        From the beginning: JACK 2 tells the sample rate while that callback
        is being set.
        """
        former = self.functions.get(name)
        self.functions[name] = function
        try:
            yield
        except BaseException:
            if former is None:
                self.functions.pop(name, None)
            else:
                self.functions[name] = former
            raise

    def remember(self, ptr: _t.Any) -> _Memory:
        """Look at a port while it exists, to know it when it is gone."""
        name = _ffi.string(_lib.jack_port_name(ptr))
        memory = _Memory(
            name, _string(_lib.jack_port_type(ptr)),
            PortFlags(_lib.jack_port_flags(ptr)), _uuid_of(ptr),
            bool(_lib.jack_port_is_mine(self.ptr, ptr)))
        # Not everybody is told of each port's end.
        _remember(self.remembered, name, memory)
        return memory

    def rename(self, old: bytes, new: bytes) -> None:
        """Let handles made for the old name find the port."""
        if old == new:
            return
        _remember(self.renamed, old, new)
        self.renamed.pop(new, None)
        port = self.own.pop(old, None)
        if port is not None:
            self.own[new] = port
            port._bytes = new
        memory = self.remembered.pop(old, None)
        if memory is not None:
            self.remembered[new] = memory._replace(name=new)

    def catch_up(self) -> bool:
        """Let libjack learn all that has happened so far, on PipeWire.

        There each client is told for itself, in its turn, of what others do.
        The answer to any request comes after what there was to tell before,
        and to remove a property that nobody has set changes nothing.  For
        that answer 0.3 does not wait, so there it would be of no use.
        """
        if (_IMPLEMENTATION != 'PipeWire' or _EARLY_PIPEWIRE
                or _on_jack_thread()):
            return False
        ptr = self.require()
        if self.uuid is None:
            self.uuid = int(_take_string(_lib.jack_client_get_uuid(ptr)))
        return not _lib.jack_remove_property(ptr, self.uuid, b'nobody')

    def begin_cycle(self, frames: int) -> None:
        """Let the ports notice that there is new data."""
        self.cycle += 1
        if frames != self.frames:
            # What was prepared for this cycle is of another size.
            self.frames = frames
            self.views = _Views(frames * _SAMPLE_BYTES)
            self.cycle += 1
            self.outputs = []

    def end_cycle(self) -> None:
        """Give the data of the output ports to JACK."""
        if self.outputs:
            self.deliver(self.cycle + 1)
        if self.reserved:
            for midi_port in self.reserved:
                midi_port._flush()
            self.reserved.clear()

    def deliver(self, cycle: int) -> None:
        """Copy audio to JACK; the ports are ready for *cycle* then."""
        frames = self.frames
        get_buffer, views = _rt.get_buffer, self.views
        have_ended = False
        for port in self.outputs:
            if port._is_mute:
                have_ended = True
                continue
            views[get_buffer(port._handle, frames)][:] = port._buffer
            if port._is_kept():
                kept = port._buffer
                port._allocate(frames)
                port._buffer[:] = kept
            port._cycle = cycle
        if have_ended:
            # Here, as this thread alone changes the list.
            self.outputs = [port for port in self.outputs
                            if not port._is_mute]

    def skip_cycle(self, frames: int) -> None:
        """Have a cycle without the callback, if there is one."""
        if frames:
            self.begin_cycle(frames)
            self.outputs = []
            self.fall_silent()

    def fall_silent(self) -> None:
        """Let nothing be heard once more of what the callback has written.

        JACK's buffers are those of before when a client does not fill them,
        and some cycles may come between its last one and its end.
        """
        # A copy: other threads may register ports meanwhile.
        for ref in self.own.valuerefs():
            port = ref()
            if port is not None and port._is_output and not port._is_mute:
                port._fall_silent()

    def end_processing(self) -> None:
        """Give JACK what there is of the last cycle, and nothing from now on.
        """
        try:
            self.end_cycle()
        except BaseException as error:
            self.failed('process', error)
        self.ident = 0
        self.outputs = []
        self.reserved.clear()

    def enter_cycle_thread(self) -> None:
        """Note that the calling thread is this client's process thread."""
        self.cycle_idents.add(_get_ident())
        _cycle_threads.add(_get_ident())

    def leave_cycle_threads(self) -> None:
        """Forget the process thread, as its identifier will be reused."""
        _cycle_threads.difference_update(self.cycle_idents)
        for ident in self.cycle_idents:
            _leaving.pop(ident, None)
        self.cycle_idents.clear()

    def process(self) -> _abc.Callable[[int], object]:
        """Return what the process loop has to call."""
        function = self.functions.get('process')
        if isinstance(function, _NativeFunction):
            return function
        return _idle if function is None else function

    def shut_down(self, reason: str) -> None:
        self.active = False
        self.lost = True
        self.end = (f'has lost its JACK server ({reason}): close() it, and '
                    'open a new one when a server is running')

    def close(self) -> None:
        """Let nobody use the client any more."""
        self.closed = True
        self.end = 'is closed'

    def forget_after_fork(self) -> None:
        """Make the copy in a forked child harmless."""
        self.end = ('was opened before os.fork(): it belongs to the parent '
                    'process; open another one here')
        self.ptr = None
        self.closed = True
        self.active = False
        self.lifecycle = _Lock()
        self.changers.clear()
        if self.connection is not None:
            _os.close(self.connection)
            self.connection = None


class _Turn:
    """Has others wait who want to change the state of a client, for `with`.

    In a callback there is no time to wait for them, who perhaps wait for the
    callback.
    """

    def __init__(self, core: _Core, patience: float) -> None:
        self.core = core
        self.patience = patience
        self.lock = core.lifecycle

    def __enter__(self) -> None:
        core, acquire = self.core, self.lock.acquire
        ident, is_hurried = _get_ident(), _on_jack_thread()
        deadline = _time.monotonic() + (0 if is_hurried else self.patience)
        # It was in its place before, and now comes last.
        core.changers.pop(ident, None)
        while True:
            if is_hurried or core.is_changing() or core.is_next(ident):
                # As in `_Lock`: once it is taken, nothing may be called.
                for taken in map(acquire, (False,)):
                    if taken:
                        core.changers[ident] = 0.0
                        return
            if _time.monotonic() > deadline:
                raise _Occupied(
                    f'client {core.name!r} is being activated, deactivated '
                    'or closed, or its ports registered, by another thread, '
                    'which did not finish in time')
            _time.sleep(1e-4)

    @property
    def __exit__(self) -> _abc.Callable[..., None]:
        """Give the function that `with` calls in the end.

        It is of C: before one of Python's begins, a signal handler's exception
        could come.
        """
        return self.lock.__exit__


class _Views(dict[_t.Any, _t.Any]):
    """A table of buffers by address, as making one takes its time.

    They are for copying within the cycle, and never given away.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def __missing__(self, address: _t.Any) -> _t.Any:
        if not address:
            raise JackError('JACK has no buffer for this port')
        if len(self) == 1024:
            self.clear()
        view = self[address] = _buffer(_ffi.cast('char *', address),
                                       self.size)
        return view


class _ViewTables(dict[int, _Views]):
    """Such tables by the size of their buffers."""

    def __missing__(self, size: int) -> _Views:
        if len(self) == 64:
            self.clear()
        table = self[size] = _Views(size)
        return table


def _idle(frames: int) -> None:
    """Do nothing in a cycle."""


class _NativeFunction:
    """A C function given by the user, and what it needs."""

    def __init__(self, function: _t.Any, pointer: _t.Any,
                 userdata: _t.Any) -> None:
        self.function = function
        self.pointer = pointer
        self.userdata = userdata
        self.arg, self.owner = _userdata_pointer(userdata)

    def __call__(self, frames: int) -> None:
        if self.pointer(frames, self.arg):
            raise CallbackExit


def _userdata_pointer(userdata: _t.Any) -> tuple[_t.Any, _t.Any]:
    """Return *userdata* as a ``void *``, and what has to be kept alive."""
    wrong = TypeError('userdata must be a pointer, an integer address or a '
                      f'writable contiguous buffer, not {userdata!r:.80}')
    if userdata is None:
        return _NULL, None
    if isinstance(userdata, _ffi.CData):
        if _ffi.typeof(userdata).kind not in ('pointer', 'array'):
            raise wrong
        return _ffi.cast('void *', userdata), userdata
    if isinstance(userdata, bool):
        raise wrong
    if isinstance(userdata, int):
        return _ffi.cast('void *', _integer(userdata, 'userdata', 64)), None
    ctypes = _ctypes()
    if ctypes is not None and isinstance(userdata, (
            ctypes._Pointer, ctypes.c_void_p, ctypes.c_char_p)):
        address = ctypes.cast(userdata, ctypes.c_void_p).value or 0
        return _ffi.cast('void *', address), userdata
    try:
        view = _ffi.from_buffer(userdata, require_writable=True)
    except (TypeError, ValueError, BufferError):
        # NumPy's integers have an index, too; its arrays have a length.
        if hasattr(userdata, '__index__') and not hasattr(userdata,
                                                          '__len__'):
            return _ffi.cast('void *',
                             _integer(userdata, 'userdata', 64)), None
        raise wrong from None
    return _ffi.cast('void *', view), view


def _native_function(function: _t.Any, cdecl: str,
                     userdata: _t.Any) -> _NativeFunction | None:
    """Recognise a C function pointer; return `None` for a Python callable.

    Raises
    ------
    TypeError
        If it is one of another signature.

    """
    wanted = _ffi.typeof(cdecl)
    wrong = TypeError(f'callback must be a native function of the type '
                      f'{cdecl}, or a Python callable')
    address: int | None = None
    is_python = False
    if isinstance(function, _ffi.CData):
        kind = _ffi.typeof(function)
        if kind.kind != 'function' or _cffi_shape(kind) != _cffi_shape(wanted):
            raise wrong
        is_python = ' calling ' in repr(function)
        address = _int_from_ptr(function)
    elif not isinstance(function, Port):
        ctypes = _ctypes()
        # Numba's C functions know themselves as ctypes functions.
        foreign = getattr(function, 'ctypes', function)
        if ctypes is not None and isinstance(foreign, ctypes._CFuncPtr):
            if foreign.argtypes is not None and (
                    _ctypes_shape(foreign) != _cffi_shape(wanted)):
                raise wrong
            is_python = any(type(item).__name__ == 'CThunkObject' for item in
                            (foreign._objects or {}).values())
            address = ctypes.cast(foreign, ctypes.c_void_p).value or 0
        elif not callable(function) and hasattr(
                getattr(function, 'address', None), '__index__'):
            # Else it is an address of something else.
            address = _integer(function.address, 'the address of callback',
                               8 * _ffi.sizeof('void *'))
    if is_python:
        # libjack would cancel its thread while it waits for the interpreter.
        raise TypeError('callback is a Python function that looks like one of '
                        'C: give the Python function itself')
    if address is None:
        if userdata is not None:
            raise TypeError('userdata goes with a native function only')
        return None
    if not address:
        raise ValueError('callback must not be a null pointer')
    return _NativeFunction(function, _ffi.cast(cdecl, address), userdata)


def _cffi_shape(kind: _t.Any) -> list[tuple[str, int]]:
    """Describe how a C function passes its result and its arguments."""
    def shape(item: _t.Any) -> tuple[str, int]:
        if item.kind == 'void':
            return 'void', 0
        if item.kind in ('pointer', 'function'):
            return 'pointer', _ffi.sizeof('void *')
        is_float = item.cname in ('float', 'double', 'long double')
        return 'float' if is_float else 'integer', _ffi.sizeof(item)

    return [shape(kind.result), *map(shape, kind.args)]


def _ctypes() -> _t.Any:
    """Return ctypes, if it is imported; once all of it is."""
    # Another thread may be about to: import_module() waits for that.
    return (_importlib.import_module('ctypes') if 'ctypes' in _sys.modules
            else None)


def _ctypes_shape(function: _t.Any) -> list[tuple[str, int]]:
    """Do the same for a function of ctypes."""
    ctypes: _t.Any = _sys.modules['ctypes']

    def shape(item: _t.Any) -> tuple[str, int]:
        if item is None:
            return 'void', 0
        if not isinstance(item, type) or not issubclass(
                item, (ctypes._SimpleCData, ctypes._Pointer,
                       ctypes._CFuncPtr)):
            # Or a function, which looks at the result or makes the argument.
            return 'unknown', 0
        code = getattr(item, '_type_', '')
        if code in ('z', 'Z', 'P', 'O') or issubclass(
                item, (ctypes._Pointer, ctypes._CFuncPtr)):
            return 'pointer', ctypes.sizeof(ctypes.c_void_p)
        is_float = code in ('f', 'd', 'g')
        return 'float' if is_float else 'integer', ctypes.sizeof(item)

    return [shape(function.restype), *map(shape, function.argtypes)]


class _Memory(_t.NamedTuple):
    """What is remembered of a port that may be gone."""

    name: bytes
    type: str
    flags: PortFlags
    uuid: int
    is_mine: bool


class _Notification(_t.NamedTuple):
    """How libjack delivers one kind of notification."""

    cdecl: str
    setter: str
    adapter: _abc.Callable[..., _t.Any]
    success: int | None = None
    failure: int | None = None


def _on_plain(function: _t.Any, core: _Core, *args: _t.Any) -> None:
    function(*args)


def _on_latency(function: _t.Any, core: _Core, mode: int) -> None:
    _latency_threads.add(_get_ident())
    try:
        function(mode)
    finally:
        _latency_threads.discard(_get_ident())


def _on_freewheel(function: _t.Any, core: _Core, starting: int) -> None:
    function(bool(starting))


def _on_shutdown(function: _t.Any, core: _Core, code: int,
                 reason: _t.Any) -> None:
    # A client that is being closed may be told of a shutdown which is its
    # own doing.
    if core.end or not _taken(core.served):
        return
    status = Status(code)
    text = _string(reason) if reason != _NULL else ''
    core.shut_down(text or 'no reason given')
    if function is not None:
        function(status, text)


def _on_xrun(function: _t.Any, core: _Core) -> None:
    core.xrun_count += 1
    if function is not None:
        function(_lib.jack_get_xrun_delayed_usecs(core.ptr))


def _on_client_registration(function: _t.Any, core: _Core, name: _t.Any,
                            register: int) -> None:
    function(_string(name), bool(register))


def _notified_port(core: _Core, port_id: int, is_going: bool = False
                   ) -> Port | None:
    """Make a port object for an id, even when the port is gone already."""
    ptr = _lib.jack_port_by_id(core.ptr, port_id)
    if ptr == _NULL:
        return None
    name_ptr = _lib.jack_port_name(ptr)
    if name_ptr == _NULL or not _ffi.string(name_ptr):
        return None
    name = _ffi.string(name_ptr)
    client = core.client()
    if client is None:
        return None
    own = core.own.get(name)
    # JACK 1 tells of a port's end before it comes, and PipeWire of a port
    # that is just being unregistered.
    if (_lib.jack_port_by_name(core.ptr, name) != _NULL
            and not (is_going and _IMPLEMENTATION == 'JACK 1')
            and not (own is not None and own._end)):
        memory = core.remember(ptr)
        try:
            port = client._port_from_name(name)
        except JackError:
            if core.closed:
                return None     # Since a moment ago.
            raise
    else:
        known = core.remembered.pop(name, None)
        memory = known or core.remember(ptr)
        core.remembered.pop(memory.name, None)
        port = client._port_from_memory(memory)
    if port is not None and own is None:
        port._known = memory
    if memory.name != name or (
            port is None and _ffi.string(_lib.jack_port_name(ptr)) != name):
        # It has got another name just now.
        return _notified_port(core, port_id, is_going)
    return port


def _on_port_registration(function: _t.Any, core: _Core, port_id: int,
                          register: int) -> None:
    callback, only_available = function
    port = _notified_port(core, port_id, is_going=not register)
    if port is not None or not only_available:
        callback(port, bool(register))


def _on_port_connect(function: _t.Any, core: _Core, a_id: int, b_id: int,
                     connect: int) -> None:
    if function is None:
        return
    callback, only_available = function
    a = _notified_port(core, a_id)
    b = _notified_port(core, b_id)
    if _IMPLEMENTATION == 'JACK 1' and (
            a is not None and b is not None and a.is_input):
        # It begins with the own port of the client that it tells, and tells
        # who has both of them twice.
        if isinstance(a, OwnPort) and isinstance(b, OwnPort):
            return
        a, b = b, a
    if (a is not None and b is not None) or not only_available:
        callback(a, b, bool(connect))


def _settled(core: _Core, port_id: int, name: _t.Any) -> bytes:
    """Read a name that the server may be about to change, on JACK 2.

    A part of the next one, or the nothing that it begins with, does not stay
    for as long as it takes to find the port by it; but the port may end.
    """
    for _ in range(100):
        seen = _ffi.string(name)
        if b'\0' not in seen and _lib.jack_port_by_name(
                core.ptr, seen) == _lib.jack_port_by_id(core.ptr, port_id):
            break
    return seen


def _on_port_rename(function: _t.Any, core: _Core, port_id: int,
                    old: _t.Any, new: _t.Any) -> None:
    hold, core.hold = core.hold, None
    if hold is not None:
        hold.keep()
    before, after = _ffi.string(old), _settled(core, port_id, new)
    core.rename(before, after)
    if function is None or before == after:
        return
    callback, only_available = function
    port = _notified_port(core, port_id)
    if port is not None or not only_available:
        callback(port, *(name.decode('utf-8', 'surrogateescape')
                         for name in (before, after)))


def _on_property_change(function: _t.Any, core: _Core, subject: int,
                        key: _t.Any, change: int) -> None:
    function(subject, _string(key) if key != _NULL else '', change)


def _on_session(function: _t.Any, core: _Core, event: _t.Any) -> None:
    # It is ours to free, at the latest after the reply.
    answer = SessionEvent(_ffi.gc(event, _lib.jack_session_event_free), core)
    try:
        function(answer)
    except BaseException:
        # The session manager is waiting, if it has no answer yet.
        client = core.client()
        if client is not None and _taken(answer._token):
            _workers.hand_over(
                lambda: client._answer(client._ptr, answer, 1, b''))
        raise


_NOTIFICATIONS = {
    'shutdown': _Notification(
        'JackInfoShutdownCallback', 'jack_on_info_shutdown', _on_shutdown),
    'freewheel': _Notification(
        'JackFreewheelCallback', 'jack_set_freewheel_callback',
        _on_freewheel),
    'blocksize': _Notification(
        'JackBufferSizeCallback', 'jack_set_buffer_size_callback',
        _on_plain, 0, 1),
    'samplerate': _Notification(
        'JackSampleRateCallback', 'jack_set_sample_rate_callback',
        _on_plain, 0, 1),
    'client_registration': _Notification(
        'JackClientRegistrationCallback',
        'jack_set_client_registration_callback', _on_client_registration),
    'port_registration': _Notification(
        'JackPortRegistrationCallback',
        'jack_set_port_registration_callback', _on_port_registration),
    'port_connect': _Notification(
        'JackPortConnectCallback', 'jack_set_port_connect_callback',
        _on_port_connect),
    'port_rename': _Notification(
        'JackPortRenameCallback', 'jack_set_port_rename_callback',
        _on_port_rename),
    'graph_order': _Notification(
        'JackGraphOrderCallback', 'jack_set_graph_order_callback',
        _on_plain, 0, 1),
    'xrun': _Notification(
        'JackXRunCallback', 'jack_set_xrun_callback', _on_xrun, 0, 1),
    'latency': _Notification(
        'JackLatencyCallback', 'jack_set_latency_callback',
        _on_latency),
    'property_change': _Notification(
        'JackPropertyChangeCallback', 'jack_set_property_change_callback',
        _on_property_change),
    'session': _Notification(
        'JackSessionCallback', 'jack_set_session_callback', _on_session),
    'thread_init': _Notification(
        'JackThreadInitCallback', 'jack_set_thread_init_callback',
        _on_plain),
}

# -- The process cycle --------------------------------------------------------
#
# jack_deactivate() and jack_client_close() end the process thread with
# pthread_cancel(), wherever it is.  Should that be within Python -- waiting
# for the interpreter lock, say -- then the interpreter is dead.  So a Python
# process callback is run by a loop in a process thread, and the loop has left
# Python before JACK gets to cancel anything.


def _address(name: str) -> int:
    """Return the address of a function of libjack."""
    if not _lib.has(name):
        getattr(_lib, name)()
    return _int_from_ptr(_ffi.addressof(_lib._raw, name))


class _RealtimeCalls:
    """The functions of libjack that are called within the cycle.

    On CPython they are called through ctypes with the interpreter lock held:
    they are over sooner than the lock could be given up, and a busy thread
    cannot snatch it from the middle of a cycle.
    """

    pointer: _t.Any
    size: _t.Any
    sizes: _t.Any

    def __init__(self) -> None:
        if _sys.implementation.name == 'cpython':
            self._use_ctypes()
        else:
            self._use_cffi()
        # At once: another thread must not find half of it.
        self.ring_reset_to = lambda ring, to: ring.__setitem__(0, to)
        if not _HAS_INTERPRETER_LOCK:
            self._lock_rings()

    def _use_ctypes(self) -> None:
        import ctypes

        def bind(name: str, result: _t.Any) -> _t.Any:
            # Without argument types: to check arguments takes longer than
            # the call.  So pointers and sizes are passed as what ctypes
            # itself makes of them; all else fits an int.
            return ctypes.PYFUNCTYPE(result)(_address(name))

        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        uint32 = ctypes.c_uint32
        self.pointer = pointer.from_param
        self.size = size.from_param
        # Those of most events and small pieces of data, made in advance.
        self.sizes = list(map(self.size, range(_SMALL + 1)))
        self.handle = lambda ptr: pointer.from_param(_int_from_ptr(ptr))
        # The only one that lets others run Python meanwhile.
        self.wait = ctypes.CFUNCTYPE(uint32)(_address('jack_cycle_wait'))
        # JACK 1 ends the thread in there, when it has thrown the client out.
        is_final = _IMPLEMENTATION == 'JACK 1'
        signal = (ctypes.CFUNCTYPE if is_final else ctypes.PYFUNCTYPE)(None)
        self.signal = signal(_address('jack_cycle_signal'))
        self.get_buffer = bind('jack_port_get_buffer', pointer)
        self.midi_count = bind('jack_midi_get_event_count', uint32)
        self.midi_get = bind('jack_midi_event_get', ctypes.c_int)
        self.midi_clear = bind('jack_midi_clear_buffer', None)
        self.midi_space = bind('jack_midi_max_event_size', size)
        self.midi_reserve = bind('jack_midi_event_reserve', pointer)
        self.midi_write = bind('jack_midi_event_write', ctypes.c_int)
        self.midi_lost = bind('jack_midi_get_lost_event_count', uint32)
        self.query = bind('jack_transport_query', ctypes.c_int)
        self.ring_write = bind('jack_ringbuffer_write', size)
        self.ring_read = bind('jack_ringbuffer_read', size)
        self.ring_peek = bind('jack_ringbuffer_peek', size)
        self.ring_write_advance = bind('jack_ringbuffer_write_advance', None)
        self.ring_read_advance = bind('jack_ringbuffer_read_advance', None)
        self.ring_write_vector = bind('jack_ringbuffer_get_write_vector', None)
        self.ring_read_vector = bind('jack_ringbuffer_get_read_vector', None)
        self.ring_reset = bind('jack_ringbuffer_reset', None)
        if _lib.has('jack_ringbuffer_reset_size'):
            self.ring_reset_size = bind('jack_ringbuffer_reset_size', None)
        if _libc is not None:
            # While it waits for the lock, the thread may be cancelled.
            self.set_cancel_state = ctypes.PYFUNCTYPE(ctypes.c_int)(
                _int_from_ptr(_ffi.addressof(_libc,
                                             'pthread_setcancelstate')))

    def _use_cffi(self) -> None:
        self.handle = self.pointer = lambda ptr: ptr
        self.size = int
        self.sizes = range(_SMALL + 1)
        self.wait = _lib.jack_cycle_wait
        self.signal = _lib.jack_cycle_signal
        self.get_buffer = _lib.jack_port_get_buffer
        self.midi_count = _lib.jack_midi_get_event_count
        self.midi_get = _lib.jack_midi_event_get
        self.midi_clear = _lib.jack_midi_clear_buffer
        self.midi_space = _lib.jack_midi_max_event_size
        self.midi_reserve = lambda *args: (
            _lib.jack_midi_event_reserve(*args) or None)
        self.midi_write = _lib.jack_midi_event_write
        self.midi_lost = _lib.jack_midi_get_lost_event_count
        self.query = _lib.jack_transport_query
        self.ring_write = _lib.jack_ringbuffer_write
        self.ring_read = _lib.jack_ringbuffer_read
        self.ring_peek = _lib.jack_ringbuffer_peek
        self.ring_write_advance = _lib.jack_ringbuffer_write_advance
        self.ring_read_advance = _lib.jack_ringbuffer_read_advance
        self.ring_write_vector = _lib.jack_ringbuffer_get_write_vector
        self.ring_read_vector = _lib.jack_ringbuffer_get_read_vector
        self.ring_reset = _lib.jack_ringbuffer_reset
        if _lib.has('jack_ringbuffer_reset_size'):
            self.ring_reset_size = _lib.jack_ringbuffer_reset_size
        if _libc is not None:
            self.set_cancel_state = _libc.pthread_setcancelstate

    def _lock_rings(self) -> None:
        """Have one thread at a time write to ring buffers, and one read.

        With more, they would leave the memory; the interpreter lock prevents
        that where there is one.  A writer does not wait for a reader.
        """
        writing, reading = _Lock(), _Lock()

        def alone(function: _t.Any, lock: _t.Any) -> _t.Any:
            def call(*args: _t.Any) -> _t.Any:
                with lock:
                    return function(*args)
            return call

        for name, function in list(vars(self).items()):
            if name.startswith(('ring_read', 'ring_peek', 'ring_reset')):
                function = alone(function, reading)
            if name.startswith(('ring_write', 'ring_reset')):
                function = alone(function, writing)
            setattr(self, name, function)

    def forbid_cancel(self) -> None:
        """Have JACK wait for the end of this thread before it ends it."""
        self.set_cancel_state(_CANCEL_DISABLE, self.handle(_old_state))

    def allow_cancel(self) -> None:
        self.set_cancel_state(1 - _CANCEL_DISABLE, self.handle(_old_state))


def _period(ptr: _t.Any) -> float:
    """Return the duration of a client's cycle in seconds."""
    return float(_lib.jack_get_buffer_size(ptr)
                 / _lib.jack_get_sample_rate(ptr))


def _patience_for_cycles(ptr: _t.Any) -> float:
    """Return how many seconds to wait for a client's next cycles.

    There are none while the server is busy, frozen, or without a device.
    """
    return 0.1 + 4 * _period(ptr)


def _int_from_ptr(ptr: _t.Any) -> int:
    return int(_ffi.cast('uintptr_t', ptr))


_rt: _t.Any = None


def _load_realtime_calls() -> None:
    """Make `_rt`; not at import time, as ctypes takes its time."""
    global _rt
    if _rt is None:
        _rt = _RealtimeCalls()
        if _IMPLEMENTATION == 'JACK 1' and _sys.platform == 'linux':
            # To leave, a client needs them, and perhaps no file can be opened.
            for module in 'fcntl', 'select', 'socket':
                _importlib.import_module(module)


class _Runner:
    """The process cycle of one client, from activation to deactivation."""

    def __init__(self, core: _Core,
                 loop: _abc.Callable[[_Runner], object]) -> None:
        self.core = core
        self.loop = loop
        # The core may be told to forget the client before the loop is over.
        self.ptr = core.ptr
        self.handle = _rt.handle(core.ptr)
        self.ident = self.native_id = 0
        #: Set by whoever wants the loop to end.
        self.stopping = False
        #: Set by whoever is going to deactivate the client then.
        self.dismissed = False
        #: Set by the loop when it only answers cycles until then.
        self.idle = False
        #: Set by the loop when it is safe to deactivate.
        self.left = False
        #: Tells of it; of C for the same reason as in _Workers.ask().
        self.news = _threading.Lock()
        self.news.acquire()
        #: Set when jack_activate() has returned.
        self.admitted = False
        #: Whether the user's own loop waits in libjack.
        self.waits = False
        #: Whether a cycle was begun that JACK has not been told the end of.
        self.pending = False
        #: The frames of a cycle that JACK 1 has begun for us, or 0.
        self.begun = 0
        self.callback = _ffi.callback('JackThreadCallback', self.enter,
                                      onerror=self.escaped)

    # These run on JACK's thread.

    def enter(self, _: _t.Any) -> _t.Any:
        """Run the loop, and end so that nothing can be cancelled amiss."""
        core = self.core
        if self.native_id:
            # PipeWire 1.4.2 calls this again, within the wait for a cycle,
            # when this client has set the block size.  The loop that waits
            # goes on; with two of them the outer one would be cancelled.
            return _NULL
        if _EARLY_PIPEWIRE:
            _rt.forbid_cancel()
        self.ident = _get_ident()
        self.native_id = _threading.get_native_id()
        core.enter_cycle_thread()
        if _IMPLEMENTATION != 'JACK 1':
            # JACK 2 has called the blocksize callback on it before.
            core.notifiers.discard(self.native_id)
        admitted = not _EARLY_PIPEWIRE
        try:
            admitted = admitted or self.is_admitted()
            if admitted:
                self.loop(self)
        except BaseException as error:
            if not self.stopping:
                # First: who sees the exception may activate it again.
                core.leaving, core.active = True, False
            if not (self.stopping and isinstance(error, CallbackExit)):
                core.failed('process', error)
        core.end_processing()
        if not self.stopping:
            # Out of its own will: have the client taken out of the graph,
            # which is how JACK learns of the failure on each of its kinds.
            self.stopping = True
            core.leaving, core.active = True, False
            _deactivate_soon(core)
        if _IMPLEMENTATION == 'PipeWire' and admitted:
            self.await_dismissal()
        self.leave()
        core.leave_cycle_threads()
        if not admitted:
            _rt.allow_cancel()
        return _NULL

    def escaped(self, kind: type, error: BaseException | None,
                traceback: _t.Any) -> None:
        self.stopping = True
        self.has_left()
        self.core.failed('process', error)

    def is_admitted(self) -> bool:
        """Answer cycles until jack_activate() has succeeded, or has not.

        PipeWire 0.3 may fail in it after the first cycle has begun.  It then
        cancels this thread, which must not be in Python any more.  (1.4 does
        so only when the server ends; to wait for its answer here as well has
        made clients that fail at once hang.)
        """
        while not self.admitted:
            self.pending = True
            self.wait()
            if self.stopping or _is_joined(self.ident):
                self.stopping = True
                return False
            self.signal()
        _rt.allow_cancel()
        return True

    def await_dismissal(self) -> None:
        """Answer cycles until somebody is about to deactivate the client.

        PipeWire's real-time thread is busy for nothing from the end of this
        function to the deactivation, which might not get to run.
        """
        self.idle = True
        while not self.dismissed:
            self.signal()
            self.pending = True
            frames = self.wait()
            if not frames:
                break
            self.core.skip_cycle(frames)

    def wait(self) -> int:
        """Wait for a cycle; return its frames, or 0 if there is none."""
        frames, self.begun = self.begun, 0
        if not frames:
            self.waits = True
            frames = int(_lib.jack_cycle_wait(self.ptr))
            self.waits = False
        return frames

    def leave(self) -> None:
        """Let deactivation begin, without leaving the server waiting."""
        if _IMPLEMENTATION == 'JACK 1':
            # It signals the end of the cycle itself, so there has to be one.
            if not self.pending:
                self.wait()
            self.has_left()
            return
        if _IMPLEMENTATION != 'JACK 2' or _libc is None:
            self.signal()
            self.has_left()
            return
        # From here on the cancellation waits until the thread has ended.
        _rt.forbid_cancel()
        _leaving[self.ident] = self.ptr
        self.has_left()
        # A server in synchronous mode (-S) waits up to 5 s for a client that
        # does not answer any more, and so do all others.  So the cycles are
        # answered until the server has let go of the client, which may take
        # as long as others ask it for something, and then until it is seen
        # to go on -- unless it is gone.
        period = _period(self.ptr)
        start = seen = _time.monotonic()
        cycles = 0
        joined: bool | None = False
        last = _lib.jack_last_frame_time(self.ptr)
        _time.sleep(min(0.001, period / 4))
        self.signal()
        while (cycles < 2 and not self.core.lost
               and _time.monotonic() - start < 4 * _PATIENCE):
            _time.sleep(period / 8)
            if joined is False:
                joined = _is_joined(self.ident)
                cycles = 0
            now = _time.monotonic()
            frame = _lib.jack_last_frame_time(self.ptr)
            if frame != last:
                last, seen, cycles = frame, now, cycles + 1
                self.core.fall_silent()
                if joined is False:
                    _rt.signal(self.handle, 0)
            elif now - seen > 4 * period + 0.01:
                _rt.signal(self.handle, 0)
                # What follows is our own doing, and proves nothing.
                seen, cycles = now, -1

    def has_left(self) -> None:
        if not self.left:
            self.left = True
            self.news.release()

    def signal(self) -> None:
        if self.pending:
            self.pending = False
            _rt.signal(self.handle, 0)

    # These run on other threads.

    def could_be_cancelled(self) -> bool:
        """Tell whether to deactivate now would end the thread in its wait.

        PipeWire does that.  It would leave Python a thread without a stack,
        which whoever looks at all threads' frames crashes on.
        """
        return _IMPLEMENTATION == 'PipeWire' and not self.left

    def is_forsaken(self) -> bool:
        """Tell whether the thread still waits for a frozen PipeWire server.

        It would answer a cycle, if there was one, until it is dismissed.
        """
        return self.stopping and not (self.dismissed or self.idle or self.left)

    def is_inside(self) -> bool:
        """Tell whether the thread is within `enter`."""
        frame = _sys._current_frames().get(self.ident)
        while frame is not None and frame.f_code is not (
                _Runner.enter.__code__):
            frame = frame.f_back
        return frame is not None

    def go_on(self) -> None:
        """Let the loop go on, if the user's function does return."""
        if not self.left:
            self.stopping = self.dismissed = False

    def is_waiting(self) -> bool:
        """Tell whether the thread waits in libjack, or has not begun.

        If not, it is in a function of the user's.
        """
        frame = _sys._current_frames().get(self.ident)
        return self.waits or frame is None or not self.core.ident and (
            frame.f_code is _process_loop.__code__)

    def wake(self) -> None:
        """End the wait for a cycle when JACK 2's server has gone.

        libjack would cancel it: that leaves Python a thread without a stack,
        which whoever looks at all threads' frames crashes on.
        """
        if not self.native_id or _libc is None:
            return
        with _contextlib.suppress(OSError):
            number, *words = _system_call(self.native_id)
            if number not in _FUTEX:
                return
            address, operation, *_ = (int(word, 16) for word in words)
            # Those of Python and of the C library are of this process alone.
            if operation == _FUTEX_WAIT and _is_mapped(address, b'jack_sem.'):
                _ffi.cast('int *', address)[0] = 1
                _libc.syscall(
                    int(number), *(_ffi.cast('long', value)
                                   for value in (address, _FUTEX_WAKE, 1)))

    def stop(self) -> None:
        """Wait until the loop has left Python.

        Raises
        ------
        JackError
            When the user's callback does not return.

        """
        core = self.core
        self.stopping = self.dismissed = True
        cycle = -1
        while not self.left:
            if core.lost and _IMPLEMENTATION == 'JACK 2':
                self.wake()
            if core.cycle != cycle:
                cycle = core.cycle
                deadline = _time.monotonic() + (0.2 if core.lost else 1)
            elif _time.monotonic() > deadline:
                # No cycles any more.
                if core.ident or not (core.lost or self.is_waiting()):
                    self.go_on()
                    raise _stuck(core)
                if (self.could_be_cancelled() and not core.lost
                        and (self.native_id or not _EARLY_PIPEWIRE)):
                    # A frozen server may go on, when nobody is here.
                    self.dismissed = False
                    raise _no_answer('jack_cycle_wait')
                # PipeWire 0.3 may have ended the thread on its way in, and
                # then does not let the next one begin.
                return
            self.news.acquire(timeout=0.05)
        if _IMPLEMENTATION != 'JACK 2' or _libc is None:
            # A debugger may have it wait on its way out.
            if not _until(lambda: not self.is_inside(), 1):
                raise _stuck(core)
            _await_native(self.native_id, may_spin=True)


def _await_first_callbacks(core: _Core) -> None:
    """Wait for those of the user's that the process thread begins with.

    It would be cancelled within them, or on its way into Python, and no
    thread could run Python any more.
    """
    ident = int(_lib.jack_client_thread_id(core.ptr))
    awaited = {(name, ident) for name in _FIRST_CALLBACKS if not isinstance(
        core.functions.get(name), (_NativeFunction, type(None)))}
    if core.runner is None:
        # JACK 2 has the thread-init callback come on another thread as well.
        _until(lambda: core.first.keys() >= awaited, 0.2)
    if ident == _get_ident():
        return
    if not _until(lambda: ident not in _notified_threads, 1):
        if core.runner is not None:
            core.runner.go_on()
        raise _stuck(core)
    if core.runner is None:
        for native_id in {core.first.get(key, 0) for key in awaited} - {0}:
            # JACK 2's process thread waits for a futex when idle, too.
            _await_native(native_id, may_spin=True,
                          patience=0.05 if _IMPLEMENTATION == 'JACK 2' else 1)


def _await_callback(core: _Core) -> None:
    """Wait until the process callback has returned, on JACK 1."""
    cycle, deadline = core.cycle, _time.monotonic() + 1
    while core.ident and core.cycle == cycle:
        if _time.monotonic() > deadline:
            raise _stuck(core)
        _time.sleep(0.001)


def _stuck(core: _Core) -> JackError:
    return JackError(f'a callback of client {core.name!r} on its process '
                     'thread does not return; the client stays as it is')


def _process_loop(runner: _Runner) -> None:
    """Call the process callback once per cycle."""
    core = runner.core
    process = core.process()
    wait, signal = _rt.wait, _rt.signal
    handle = runner.handle
    ident = _get_ident()
    runner.pending = True
    while True:
        frames = wait(handle)
        if runner.stopping or not frames:
            core.skip_cycle(frames)
            return
        core.cycle += 1
        if frames != core.frames:
            core.begin_cycle(frames)
        if _SILENT_AGAIN and core.outputs:
            core.deliver(core.cycle)
        core.ident = ident
        process(frames)
        core.ident = 0
        if core.outputs or core.reserved:
            core.end_cycle()
        signal(handle, 0)


def _nothing() -> _t.Any:
    """Return a C function that can be a process callback and does nothing.

    It gives 0 for any number but 0.
    """
    return _ffi.cast('JackProcessCallback', _address('jack_uuid_empty'))


def _user_loop(runner: _Runner) -> None:
    """Let the user's function wait for the cycles and signal their ends."""
    runner.core.functions['thread']()


def _begin_thread(core: _Core) -> None:
    """Call the thread-init callback, if there is one."""
    function = core.functions.get('thread_init')
    try:
        if isinstance(function, _NativeFunction):
            function.pointer(function.arg)
        elif function is not None:
            function()
    except BaseException as error:
        core.failed('thread init', error)


def _make_process_trampoline(core: _Core) -> _t.Any:
    """Make an ordinary process callback, for JACK 1.

    There the process thread must go on after deactivation, as it delivers
    the notifications and serves the next activation as well; it is cancelled
    by jack_client_close() only.  So a process thread of the user's is a long
    call within the first cycle.
    """
    key, ref = id(core), _weakref.ref(core)
    process = core.process()

    def entry(frames: int, _: _t.Any) -> int:
        core = ref()
        if core is not None and core.leaving:
            core.skip_cycle(frames)
        if core is None or not core.active:
            # The collector takes the reference, but the thread goes on.
            departure = _departures.get(key)
            if departure is not None:
                departure.look(in_cycle=True)
            return 0
        ident = _get_ident()
        if ident not in _cycle_threads:
            core.enter_cycle_thread()
            core.notifiers.add(_threading.get_native_id())
        if not core.begun:
            core.begun = True
            _begin_thread(core)
        runner = core.runner
        if runner is not None:
            if not runner.native_id:
                runner.begun = frames
                runner.enter(_NULL)
            return 0
        core.begin_cycle(frames)
        core.ident = ident
        try:
            process(frames)
            core.end_cycle()
        except BaseException as error:
            core.leaving, core.active = True, False
            core.failed('process', error)
            core.end_processing()
            _deactivate_soon(core)
        finally:
            core.ident = 0
        return 0

    def escaped(kind: type, error: BaseException | None,
                traceback: _t.Any) -> None:
        core = ref()
        if core is not None:
            core.failed('process', error)

    return _ffi.callback('JackProcessCallback', entry, error=0,
                         onerror=escaped)


# PTHREAD_CANCEL_DISABLE
_CANCEL_DISABLE = 0 if _sys.platform == 'darwin' else 1

# Where the C library may write the state of before, which nobody looks at.
_old_state = _ffi.new('int *')

_IMPLEMENTATION = _implementation()

if _IMPLEMENTATION == 'JACK 1':
    # The others do these without the server, or do not wait for it.
    _REQUESTS |= {'jack_set_sync_callback', 'jack_set_sync_timeout'}

# Whether libjack itself sees to it that a position is not half a new one.
_COHERENT = _IMPLEMENTATION == 'JACK 2'

# Whether an output is silent for inputs of its own client until its buffer
# has been asked for in this cycle: they get what was written in the last one.
_SILENT_AGAIN = _IMPLEMENTATION == 'PipeWire'

# Whether a MIDI event may take all of the space that there is said to be: all
# but JACK 2 crash then.
_EXACT_FIT = _IMPLEMENTATION == 'JACK 2'

# Whether libjack uses the memory of a port again while others look at it, and
# may take what others did wrong for the server's answer.
_EARLY_PIPEWIRE = _IMPLEMENTATION == 'PipeWire' and 'PipeWire 0.' in _string(
    _lib.jack_get_version_string())

# Which callbacks a process thread begins with: PipeWire 0.3 tells of a
# blocksize only when it changes.
_FIRST_CALLBACKS = ('thread_init', *(() if _EARLY_PIPEWIRE else ['blocksize']))

# Whether connections must not end within a cycle: the libjack of PipeWire 0.3
# crashes at its end, that of 1.4 waits for it for ever.
_NO_CUTTING_IN_CYCLE = _IMPLEMENTATION == 'PipeWire'

# How often to ask for what its libjack may fail in for that reason, and what
# it says then to who opens a client.
_CHANCES = 10 if _EARLY_PIPEWIRE else 1
_CHANCE_FAILURE = _lib.JackFailure | _lib.JackInitFailure

# So many files a client may need until it is active.  Where fewer can be
# opened, libjack crashes or hangs.
_FILES_OF_A_CLIENT = 24 if _IMPLEMENTATION == 'PipeWire' else 16

# So many threads that it begins, where it crashes if it cannot.
_THREADS_OF_A_CLIENT = 3 if _IMPLEMENTATION == 'PipeWire' else 0

# What PipeWire has for the events of one cycle, in bytes.
_PIPEWIRE_SPACE = 32736

# The numbers of futex() and futex_time64() on Linux, whatever the processor.
_FUTEX = frozenset((b'98', b'202', b'221', b'238', b'240', b'422'))

# What it is asked for; without its flag for the futexes of one process.
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1

# And those of poll(), or of ppoll() where there is no other.
_POLL = frozenset((b'7', b'73', b'167', b'168'))

# The size in bytes of what the C library knows of a thread, that is, of
# glibc 2.36; others' are of about that size.
_OF_A_THREAD = 2304


def _system_call(native_id: int) -> list[bytes]:
    """Return what a thread of this process waits in: number and arguments.

    As bytes: when Python ends, there is no more encoding to be found.
    """
    with open(f'/proc/self/task/{native_id}/syscall', 'rb') as file:
        return file.read().split()


def _is_mapped(address: int, part: bytes) -> bool:
    """Tell whether a file with such a name is what an address belongs to."""
    with open('/proc/self/maps', 'rb') as file:
        for line in file:
            begin, end = (int(word, 16) for word in
                          line.split(maxsplit=1)[0].split(b'-'))
            if begin <= address < end:
                return part in line
    return False


def _native_id(thread: _t.Any) -> int:
    """Return Linux's number of a thread of C, 0 if it has ended or is none."""
    clock = _ffi.new('int *')
    if (not thread or _sys.platform != 'linux'
            or _libc.pthread_getcpuclockid(thread, clock)):
        return 0
    # The clock of a thread is its number, but for three bits, and negated.
    return int(~(clock[0] >> 3))


def _await_native(native_id: int, may_spin: bool = False,
                  patience: float = _PATIENCE) -> bool:
    """Wait until a thread of JACK's is certain to be outside of Python.

    A thread that wants the interpreter lock waits for a futex, one that
    waits for the server does so in another system call.
    """
    deadline = _time.monotonic() + patience
    while _time.monotonic() < deadline:
        try:
            call = _system_call(native_id)
        except (FileNotFoundError, ProcessLookupError):
            if _os.path.isdir('/proc/self/task'):
                return True     # The thread has ended.
            call = [b'?']
        except OSError:
            call = [b'?']
        if call == [b'?']:
            # Nothing to look at on this system: give it time to leave.
            _time.sleep(0.02)
            return True
        if call[0] == b'running':
            # PipeWire's process thread spins when nobody waits for cycles.
            if may_spin:
                return True
        elif call[0] not in _FUTEX:
            return True
        _time.sleep(0.0005)
    return False


def _tasks() -> set[int]:
    """List the threads of this process; none where nobody can tell."""
    try:
        return set(map(int, _os.listdir('/proc/self/task')))
    except OSError:
        return set()    # Only Linux has it, and no file may be left.


def _await_reader(message: bytes) -> None:
    """Wait for the thread which libjack 1.9.21 is about to end.

    When the server breaks off while a client is being opened, that client's
    reader of notifications has something to say, too, and would be cancelled
    within Python, or on its way there.  No thread could run any more then.
    """
    before = _openings.get(_get_ident())
    if before and message.startswith(b'Cannot open '):
        # One that libjack has for all clients may have been started before.
        _await_native(max(_tasks() - before, default=0))


def _is_joined(ident: int) -> bool | None:
    """Tell whether a thread waits for the end of the one with an identifier.

    That is the last thing which jack_deactivate() does, when the server has
    answered.  `None` where nobody can tell.
    """
    threads = _tasks()
    if not threads:
        return None
    for thread in threads:
        try:
            call = _system_call(thread)
        except (FileNotFoundError, ProcessLookupError):
            continue    # It has ended.
        except OSError:
            return None
        # pthread_join() waits for a change in what C knows of the thread, in
        # glibc 2.36 of another member than in 2.43.  The identifier is the
        # address of it all.
        if call[0] in _FUTEX and 0 <= int(call[1], 16) - ident < _OF_A_THREAD:
            return True
    return False


class _Haste:
    """Threads take turns quickly while JACK waits for one of ours.

    Otherwise each busy thread keeps the interpreter lock for 5 ms.
    """

    def __init__(self) -> None:
        self.lock = _Lock()
        self.depth = 0
        self.usual = 0.0

    def __call__(self, function: _abc.Callable[..., _t.Any],
                 *args: _t.Any) -> _t.Any:
        """Call a function meanwhile.

        In this one, as none of a context manager's would surely be called.
        """
        counted = False
        taken = map(self.lock.acquire, (True,))
        try:
            with self.lock:
                if not self.depth:
                    self.usual = _sys.getswitchinterval()
                self.depth += 1
                counted = True
                _sys.setswitchinterval(1e-4)
            return function(*args)
        finally:
            # Perhaps a signal handler's exception has come before it was.
            if counted:
                # Not by `with`: where its function begins an exception could
                # come, and nobody would count this one off.
                for _ in taken:
                    try:
                        self.depth -= 1
                        if not self.depth:
                            _sys.setswitchinterval(self.usual)
                    finally:
                        self.lock.release()


_haste = _Haste()


class _Departure:
    """What the thread of a client of JACK 1 is kept from when it leaves.

    It goes on waiting for the signal that its cycle may begin, and takes it
    from whoever has got its place in the chain: those lose their cycles, or
    are thrown out.  So what it waits at is exchanged.

    The thread does so itself, in a cycle, and the one that asks for it stands
    in until the server has answered: calls the next as soon as it is called.
    When the server lets a client leave it takes back all signals, and libjack
    kills the client if that happens while it takes its own one back.

    A thread that does not come here, as it is in C in its cycles, has it done
    once it has left.
    """

    def __init__(self, core: _Core, server: int, fd: int,
                 files: _contextlib.ExitStack) -> None:
        import select

        self.ptr = core.ptr
        #: What the thread waits for.
        self.polled: _t.Any = None
        #: Our copy of libjack's connection with the server.
        self.server = server
        self.lock = _Lock()
        self.over = False
        self.quiet = _endless_pipe()
        files.callback(_os.close, self.quiet)
        self.nowhere = _os.open(_os.devnull, _os.O_WRONLY)
        files.callback(_os.close, self.nowhere)
        #: The thread's place in the chain, for the one that stands in.
        self.waiting, self.signalling = _os.dup(self.quiet), _os.dup(
            self.nowhere)
        files.callback(_os.close, self.waiting)
        files.callback(_os.close, self.signalling)
        self.stands_in = False
        self.relieved = _threading.Event()
        #: What to attend to: the server, and the signals while standing in.
        self.poll = files.enter_context(select.epoll())
        self.poll.register(server, select.EPOLLIN)
        self.catch = files.enter_context(_catching_requests(fd, server))
        # Before they are closed.
        files.callback(self.end)

    def request(self) -> bytes:
        """Return libjack's request to leave: none if the client has left."""
        return self.catch(lambda: _lib._raw.jack_deactivate(self.ptr))

    def ask(self, request: bytes) -> int:
        """Send libjack's request to leave; return JACK's code."""
        try:
            _os.write(self.server, request)
            while not self.is_answered():
                self.stand_in()
            self.look()
            # It ends with an error code.
            return int.from_bytes(
                _read_exactly(self.server, len(request))[-4:],
                _sys.byteorder, signed=True)
        except OSError:
            # The server has gone.
            self.give_up()
            return -1

    def is_answered(self) -> bool:
        """Wait for the server's answer, or for a cycle to stand in for."""
        return self.server in dict(self.poll.poll())

    def look(self, in_cycle: bool = False) -> None:
        """Exchange the files, if the client has left, or is in its cycle."""
        with self.lock:
            if self.over or self.polled is None:
                return
            is_there = bool(self.request())
            if is_there and not in_cycle:
                return
            self.over = not is_there
            # They are others if the chain was made anew before.
            waiting, signalling = _place_in_chain(self.ptr, self.polled)
            if waiting < 0:
                return
            self.attend(False)
            if is_there:
                _os.dup2(waiting, self.waiting, inheritable=False)
                _os.dup2(signalling, self.signalling, inheritable=False)
            # A thread that is yet to read what it was called with finds that
            # byte.  One that waits for it has one more cycle, which is of no
            # consequence, and then waits here: till then, the kernel wakes it
            # whenever the other one in its place is called.
            _os.write(self.quiet, b'\0')
            _os.dup2(self.nowhere, signalling, inheritable=False)
            _os.dup2(self.quiet, waiting, inheritable=False)
            if is_there:
                self.pass_on()
                self.attend(True)
                self.relieved.set()

    def stand_in(self) -> None:
        """Go through the client's cycle, if it is still there."""
        with self.lock:
            if not self.stands_in:
                return
            # Otherwise the signal is another client's, which has got this
            # place: it cannot leave, or get another one, within its cycle.
            if _link(_signals_at(self.ptr)) == _os.devnull and self.request():
                self.pass_on()
            else:
                self.attend(False)

    def pass_on(self) -> None:
        # There is no signal, if the server has given up waiting; or the next
        # client has crashed.
        with _contextlib.suppress(BlockingIOError, BrokenPipeError):
            _os.write(self.signalling, _os.read(self.waiting, 1))

    def attend(self, whether: bool) -> None:
        """Attend to the signals from now on, or no more."""
        import select

        if whether and not self.stands_in:
            self.poll.register(self.waiting, select.EPOLLIN)
        elif self.stands_in and not whether:
            self.poll.unregister(self.waiting)
        self.stands_in = whether

    def give_up(self) -> None:
        """Have the thread notice the end of the server, and end as well.

        It does so when the next one cannot be called; else it would try to
        read what the server has to say, again and again.
        """
        with self.lock:
            self.over = True
            signalling = _signals_at(self.ptr)
            if _link(signalling) == _os.devnull:
                nothing = _os.open(_os.devnull, _os.O_RDONLY)
                _os.dup2(nothing, signalling, inheritable=False)
                _os.close(nothing)

    def end(self) -> None:
        with self.lock:
            self.over = True


#: The departures that are under way, by the identity of the core.
_departures: dict[int, _Departure] = {}


def _leave_chain(core: _Core) -> int:
    """Deactivate a client of JACK 1; return JACK's code."""
    ptr, code = core.ptr, None
    # When no file is left, it leaves as a program in C does.
    with _contextlib.suppress(OSError):
        code = _leave_quietly(core)
    if code is None:
        code = int(_lib._raw.jack_deactivate(ptr))
    if not code:
        # It must not be in Python when it is cancelled.
        _lib.jack_set_process_callback(ptr, _nothing(), _NULL)
    return code


def _leave_quietly(core: _Core) -> int | None:
    """Deactivate a client of JACK 1, if its place in the chain is known."""
    with _contextlib.ExitStack() as files:
        departure = _departure(core, files)
        request = departure and departure.request()
        if not departure or not request:
            return None
        _departures[id(core)] = departure
        try:
            departure.polled = _find_polled(core)
            if departure.polled is None:
                return None
            if core.enters:
                departure.relieved.wait(_patience_for_cycles(core.ptr))
            return departure.ask(request)
        finally:
            del _departures[id(core)]


def _departure(core: _Core,
               files: _contextlib.ExitStack) -> _Departure | None:
    """Prepare for a client to leave the chain, if it is in it."""
    if not _link(_signals_at(core.ptr))[-1:].isdigit():
        return None
    server, fd = _connection_files(core)
    if server < 0:
        return None
    files.callback(_os.close, server)
    return _Departure(core, server, fd, files)


def _endless_pipe() -> int:
    """Make a pipe that gives what has been written to it, but has no end."""
    ends = _os.pipe()
    try:
        # As it can be written to as well, nobody else has to keep it open.
        return _os.open(f'/proc/self/fd/{ends[0]}',
                        _os.O_RDWR | _os.O_NONBLOCK)
    finally:
        for end in ends:
            _os.close(end)


def _find_polled(core: _Core) -> _t.Any:
    """Find the ``struct pollfd [2]`` of the thread of a client of JACK 1.

    By their names alone one cannot tell which files are those of this client:
    another one of this program may have got its place before it is asked.
    `None` if it does not come back to it, or nobody can tell.
    """
    ptr = core.ptr
    native_id = _native_id(_lib.jack_client_thread_id(ptr))
    patience = _patience_for_cycles(ptr)
    now = _time.monotonic()
    deadline, latest = now + patience, now + _PATIENCE / 3
    while native_id and now < min(deadline, latest):
        if core.ident:
            # A cycle has begun before the client was marked as leaving.
            deadline = now + patience
        call = _system_call(native_id)
        if call[0] in _POLL and call[2] == b'0x2':
            polled = _ffi.cast('int *', int(call[1], 16))
            if _place_in_chain(ptr, polled)[0] >= 0:
                return polled
        _time.sleep(0.0005)
        now = _time.monotonic()
    return None


def _place_in_chain(ptr: _t.Any, polled: _t.Any) -> tuple[int, int]:
    """Return the files at which a client of JACK 1 waits, and calls the next.

    They are FIFOs, numbered along the chain; (-1, -1) if these are not.
    """
    # An int, two shorts, and the int that is meant.
    waiting, signalling = polled[2], _signals_at(ptr)
    prefix, _, number = _link(waiting).rpartition('-')
    if number.isdigit() and (
            _link(signalling) == f'{prefix}-{int(number) + 1}'):
        return waiting, signalling
    return -1, -1


def _signals_at(ptr: _t.Any) -> int:
    """Return the file by which a client of JACK 1 calls the next."""
    import ctypes

    get = ctypes.CDLL(_lib._path).jack_get_process_done_fd
    return int(get(ctypes.c_void_p(_int_from_ptr(ptr))))


def _links() -> dict[int, str]:
    """Name all open files."""
    return {fd: _link(fd) for fd in map(int, _os.listdir('/proc/self/fd'))}


def _link(fd: int) -> str:
    """Name an open file; nothing if it is closed, or this is not Linux."""
    try:
        return _os.readlink(f'/proc/self/fd/{fd}')
    except OSError:
        return ''


def _peer(connection: int) -> str:
    """Name the file of the socket at the other end, if it has one."""
    return _socket_name(_libc.getpeername, connection)


def _socket_name(ask: _abc.Callable[..., int], connection: int) -> str:
    # Two bytes for the kind of address, and then a path of up to 108.
    address = _ffi.new('char[111]')
    failed = ask(connection, address, _ffi.new('unsigned int *', 110))
    return '' if failed else _os.path.basename(_string(address + 2))


def _deactivate_soon(core: _Core) -> None:
    """Have a client taken out of the graph, unless it has been meanwhile.

    Its user may deactivate and activate it again before that can begin.
    """
    activation = core.activation

    def deactivate() -> None:
        while core.activation == activation and core.ptr is not None:
            runner = core.runner
            if (runner is not None and runner.is_forsaken()
                    and not core.lost):
                _time.sleep(0.01)
                continue
            try:
                with core.changing():
                    if core.activation == activation:
                        _deactivate(core)
                return
            except _NoAnswer:
                # A frozen server may go on, and have the thread be busy for
                # nothing then.
                _time.sleep(0.1)

    _workers.hand_over(deactivate)


#: Held while a process thread of PipeWire's is busy for nothing: several of
#: them, on as many processors, would keep the server from running.
_dismissal = _threading.RLock()


def _deactivate(core: _Core) -> int:
    """Take a client out of the graph; return JACK's code."""
    with core.changing():
        return int(_haste(_deactivate_alone, core))


def _deactivate_alone(core: _Core) -> int:
    is_alone = False
    try:
        if _IMPLEMENTATION == 'PipeWire':
            # As in `_Lock`: no exception may come before that is known.
            (is_alone,) = map(_dismissal.acquire, (True,), (1,))
        return _deactivate_here(core)
    finally:
        if is_alone:
            _dismissal.release()


def _deactivate_here(core: _Core) -> int:
    runner = core.runner
    if not (core.active or core.leaving or runner is not None):
        return 0
    if core.ptr is None:
        return 0
    if core.moved is not None and not core.lost:
        # PipeWire asks the active clients, before their cycle begins.
        _await_cycles(core, core.moved, 2)
    core.moved = None
    if runner is not None:
        if runner.could_be_cancelled() and not (
                runner.native_id or core.lost):
            # A signal handler's exception has come between `activate`
            # and C.  Only a thread that has begun can be told to end.
            _lib.jack_activate(core.ptr)
        try:
            runner.stop()
        except _NoAnswer:
            _deactivate_soon(core)
            raise
    elif _IMPLEMENTATION == 'JACK 1':
        _await_callback(core)
    if _IMPLEMENTATION != 'JACK 1' and not core.lost:
        _await_first_callbacks(core)
    # Until all is done: an exception may come here as well.
    core.leaving = True
    core.active = False
    if core.lost:
        # There is no server to ask; closing ends the thread.
        core.kept.append(runner)
        core.runner = None
        return 0
    if _IMPLEMENTATION == 'JACK 1':
        code = int(_workers.ask('jack_deactivate', _leave_chain, (core,),
                                _PATIENCE, core.ptr, watch=True))
    else:
        code = int(_lib.jack_deactivate(core.ptr))
    if not code:
        # Else it has to be asked again, before the client can be active.
        if _IMPLEMENTATION != 'JACK 1' and runner is not None:
            _lib.jack_set_process_thread(core.ptr, _ffi.cast(
                'JackThreadCallback', 0), _NULL)
        core.runner = None
        core.leaving = False
    return code


def _await_cycles(core: _Core, frame: int, count: int) -> None:
    """Wait until so many cycles have begun after the one of that frame."""
    deadline = _time.monotonic() + _patience_for_cycles(core.ptr)
    for _ in range(count):
        while (frame == _lib.jack_last_frame_time(core.ptr)
               and _time.monotonic() < deadline):
            _time.sleep(0.001)
        frame = _lib.jack_last_frame_time(core.ptr)


# -- Requests to the server ---------------------------------------------------

def _find_threads(number: int) -> None:
    """Raise an `OSError` if so many threads cannot be started now."""
    locks = [_threading.Lock() for _ in range(number)]
    for lock in locks:
        lock.acquire()
    try:
        for lock in locks:
            _thread.start_new_thread(lock.acquire, ())
    except RuntimeError as error:
        # At its end, Python 3.12 starts none; but libjack does.
        if 'shutdown' not in str(error):
            raise OSError(_errno.EAGAIN, str(error)) from error
    finally:
        for lock in locks:
            lock.release()


def _find_files(number: int) -> None:
    """Raise an `OSError` if so many files cannot be opened now.

    Where libjack is not prepared for that, it crashes or hangs.  To be called
    on a thread of ours, where no signal handler can come between.
    """
    files: list[int] = []
    try:
        while len(files) < number:
            files.append(_os.open(_os.devnull, _os.O_RDONLY))
    finally:
        for file in files:
            _os.close(file)


class _Worker:
    """A thread that does one job at a time, and then is *idle* again."""

    def __init__(self, idle: list[_Worker],
                 threads: dict[int, _Worker]) -> None:
        self.idle = idle
        self.threads = threads
        self.jobs: list[_abc.Callable[[], object]] = []
        # Lock and thread are of C, as in _Workers.ask(): Thread.start() has
        # a lock of Python's, and so has SimpleQueue on PyPy.
        self.wake = _threading.Lock()
        self.wake.acquire()
        _thread.start_new_thread(self.run, ())

    def take(self, job: _abc.Callable[[], object] | None) -> None:
        if job is not None:
            self.jobs.append(job)
        self.wake.release()

    def run(self) -> None:
        self.threads[_get_ident()] = self
        while self.wake.acquire() and self.jobs:
            # One of them may bring about the next: see Client.__del__().
            while self.jobs:
                try:
                    self.jobs.pop(0)()
                except Exception as error:
                    _report('clean-up', error)
            self.idle.append(self)
        del self.threads[_get_ident()]


class _Workers:
    """Threads for what must not be done on the thread that asks for it.

    Closing a client on a thread of JACK's, for example, or waiting for a
    server without a deadline.
    """

    def __init__(self) -> None:
        self.idle: list[_Worker] = []
        #: All of them, by the identifier of the thread.
        self.threads: dict[int, _Worker] = {}
        #: The clients for which a request is under way, by the thread.
        self.asked: dict[int, _t.Any] = {}
        self.lock = _Lock()
        #: JACK 2 mixes up the answers to requests that several threads make
        #: for one client at the same time: they have to take turns.
        self.turns: dict[_t.Any, _threading.Lock] = {}
        #: And on JACK 1 some have to, whichever client it is.
        self.single = _threading.Lock()

    def start(self) -> None:
        """Have a thread ready: later it may be a bad moment to start one."""
        if not self.idle:
            try:
                self.idle.append(_Worker(self.idle, self.threads))
            except RecursionError:
                raise       # It is a RuntimeError, too.
            except RuntimeError:
                # At its end, Python 3.12 starts no threads any more: `run`
                # waits for one that is there.
                return

    def hand_over(self, job: _abc.Callable[[], object]) -> None:
        """Have something done soon, which may make requests in its turn."""
        self.run(job)
        self.start()

    def run(self, job: _abc.Callable[[], object]) -> None:
        """Have one thing done, on a thread that has nothing else to do."""
        deadline = _time.monotonic() + _PATIENCE
        self.start()
        while True:
            try:
                worker = self.idle.pop()
                break
            except IndexError:
                # Another thread was faster, or has to be waited for.
                if _time.monotonic() > deadline:
                    raise JackError('no thread can be started, and there is '
                                    'none to do this') from None
                _time.sleep(0.001)
                self.start()
        worker.take(job)

    def ask(self, name: str, function: _t.Any, args: tuple[_t.Any, ...],
            patience: float, ptr: _t.Any = None, watch: bool = False,
            late: _abc.Callable[[_t.Any], object] | None = None,
            asked: _abc.Sequence[float] = ()) -> _t.Any:
        """Call a C function, but do not wait for its answer for ever.

        With *watch* the deadline moves on as long as there are cycles.
        *late* gets an answer that nobody waits for any more.  *asked* holds
        the time since which the function waits for the server, or infinity:
        many busy threads may keep it from the interpreter for longer.
        """
        # There already: later there may be no memory for it.
        answers: list[_t.Any] = [None]
        errors: list[BaseException | None] = [None]
        answered = [False]
        # Of C, so that an exception out of a signal handler breaks nothing,
        # as it can in the `with` statements of Python's own classes.
        done = _threading.Lock()
        done.acquire()
        # Whoever takes it decides whether the answer is still waited for.
        token = [True]

        def job() -> None:
            try:
                with self.request(name, ptr, token, patience):
                    answers[0] = function(*args)
            except BaseException as error:
                errors[0] = error
            try:
                answered[0] = _taken(token)
            finally:
                done.release()
            if not answered[0] and late is not None and errors[0] is None:
                late(answers[0])

        last = -1
        limit = _time.monotonic() + 4 * patience
        deadline = _time.monotonic() + patience
        try:
            self.run(job)
            while not done.acquire(timeout=patience / 10):
                now = _time.monotonic()
                if asked:
                    deadline = asked[0] + patience
                if watch and now < limit:
                    frame = _lib.jack_last_frame_time(ptr)
                    if frame != last:
                        last, deadline = frame, now + patience
                if now > deadline and _taken(token):
                    raise _no_answer(name)
        except BaseException:
            # Perhaps a signal handler's, at any moment.
            if not _taken(token) and answered[0] and late is not None:
                late(answers[0])
            raise
        if errors[0] is not None:
            raise errors[0]
        return answers[0]

    @_contextlib.contextmanager
    def request(self, name: str, ptr: _t.Any, token: list[bool],
                patience: float) -> _t.Iterator[None]:
        """Make a request for a client, if it is still waited for then.

        It is on a thread of ours, where no signal handler can come between.
        """
        if _IMPLEMENTATION == 'JACK 1' and name in _ONE_AT_A_TIME:
            with _held(self.single, name, patience):
                yield from self.in_turn(name, ptr, token, patience)
        else:
            yield from self.in_turn(name, ptr, token, patience)

    def in_turn(self, name: str, ptr: _t.Any, token: list[bool],
                patience: float) -> _t.Iterator[None]:
        """Keep others from making requests for the same client meanwhile."""
        if ptr is None:
            yield
            return
        closing = name == 'jack_client_close'
        ident = _get_ident()
        with _held(self.turn(ptr), name, patience):
            with self.lock:
                if not token and not closing:
                    raise _no_answer(name)
                self.asked[ident] = ptr
                if closing:
                    # Before that call returns, another client may have got
                    # the same address.
                    self.turns.pop(ptr, None)
            try:
                yield
            finally:
                # For which no memory is needed.
                del self.asked[ident]

    def turn(self, ptr: _t.Any) -> _threading.Lock:
        """Give what is held by the one whose turn it is for a client."""
        with self.lock:
            return self.turns.setdefault(ptr, _threading.Lock())

    def is_asked(self, ptr: _t.Any) -> bool:
        """Tell whether a request for a client is under way."""
        return ptr in tuple(self.asked.values())

    def are_busy(self) -> bool:
        return any(worker not in self.idle
                   for worker in tuple(self.threads.values()))

    def stop(self) -> None:
        while self.idle:
            self.idle.pop().take(None)


def _no_answer(name: str) -> _NoAnswer:
    return _NoAnswer(f'the JACK server does not answer ({name}()): it is '
                     'stopped, or overloaded')


@_contextlib.contextmanager
def _held(lock: _threading.Lock, name: str,
          patience: float) -> _t.Iterator[None]:
    """Hold a lock that requests of this kind need, or give up."""
    if not lock.acquire(timeout=patience):
        raise _no_answer(name)
    try:
        yield
    finally:
        lock.release()


def _taken(token: list[bool]) -> bool:
    """Take a token, which only one thread can do."""
    try:
        return token.pop()
    except IndexError:
        return False


_workers = _Workers()


class _Watch:
    """Notices the end of the server where libjack does not tell of it.

    JACK 1 and PipeWire 1.4 tell active clients only, PipeWire 0.3 nobody.  But
    the server's end of the connection, a socket, is always closed then.
    """

    def __init__(self) -> None:
        self.poll: _t.Any = None
        #: One client after the other, to know which connection is whose.
        self.turns: dict[str, _threading.Lock] = {}

    @_contextlib.contextmanager
    def opening(self, server: str | None,
                found: list[int]) -> _t.Iterator[None]:
        """Find the connection of the client that is opened within.

        It is on a thread of ours, where no signal handler can come between.
        """
        if _sys.platform != 'linux' or not _os.path.isdir('/proc/self/fd'):
            yield
            return
        if _IMPLEMENTATION == 'JACK 2':
            former = _links()
            yield
            self.keep_to_ourselves(former)
            return
        turn = self.turns.setdefault(server or '', _threading.Lock())
        with _held(turn, 'jack_client_open', _PATIENCE):
            former = _links()
            yield
            found.extend(self.connections(server, former))
            if len(found) > 1 or not self.is_ready():
                # Nobody knows which is the client's own, or can look at it.
                self.forget(found)

    def keep_to_ourselves(self, former: dict[int, str]) -> None:
        """Close the new connections of JACK 2's libjack with this program.

        It would leave them to the program that execv() puts in its place, and
        the server would wait for the client of before.
        """
        for fd, link in _links().items():
            if (link.startswith('socket:') and former.get(fd) != link
                    and (_peer(fd) or _socket_name(_libc.getsockname, fd)
                         ).startswith('jack_')):
                # Unless it was another thread's, closed a moment ago.
                with _contextlib.suppress(OSError):
                    _os.set_inheritable(fd, False)

    def is_ready(self) -> bool:
        import select

        if self.poll is None:
            poll = select.epoll()
            try:
                _thread.start_new_thread(self.run, (poll,))
            except RuntimeError:
                return False    # At its end, Python starts no threads.
            self.poll = poll
        return True

    def connections(self, server: str | None,
                    former: dict[int, str]) -> _abc.Iterator[int]:
        """Make copies of the connections with the server that are new."""
        name = 'jack_0'
        if _IMPLEMENTATION == 'PipeWire':
            # Which has nothing to do with JACK_DEFAULT_SERVER.
            name = _os.path.basename(
                server or _os.environ.get('PIPEWIRE_REMOTE') or 'pipewire-0')
        for fd, link in _links().items():
            if link.startswith('socket:') and former.get(fd) != link:
                # libjack closes its own before one can see why.
                try:
                    connection = _os.dup(fd)
                except OSError:
                    continue    # Another thread's, closed a moment ago.
                # Else its number means another one by now, a copy even.
                if _link(connection) == link and _peer(connection) == name:
                    yield connection
                else:
                    _os.close(connection)

    def forget(self, found: list[int]) -> None:
        """Let go of connections of which there is no client to watch."""
        while found:
            _os.close(found.pop())

    def begin(self, core: _Core) -> None:
        """Watch a client."""
        if core.connection is not None:
            self.poll.register(core.connection, _ONCE)

    def end(self, core: _Core) -> None:
        """Let go of the connection: the server is to see its end."""
        connection, core.connection = core.connection, None
        if connection is not None:
            # It is not there, if a signal handler's exception came before; or
            # the program has closed all files.
            with _contextlib.suppress(OSError):
                self.poll.unregister(connection)
            with _contextlib.suppress(OSError):
                _os.close(connection)

    def run(self, poll: _t.Any) -> None:
        """Tell each client whose connection is closed at the other end."""
        bereaved: list[tuple[_Core, float]] = []
        while True:
            for fd, _ in poll.poll(0.01 if bereaved else None):
                # Another client may have got a connection of this number.
                bereaved += [(core, _time.monotonic()) for core in _cores()
                             if core.connection == fd and self.is_over(fd)]
            waiting = []
            for core, since in bereaved:
                if core.active and not (core.end or _EARLY_PIPEWIRE) and (
                        _time.monotonic() < since + _PATIENCE / 3):
                    # It will learn from libjack, and more than from us: but
                    # not if it was just about to be activated.
                    waiting.append((core, since))
                else:
                    # The user's function may take its time, and the others
                    # are to hear of it, too.
                    _workers.hand_over(_functools.partial(self.tell, core))
            bereaved = waiting

    def is_over(self, connection: int) -> bool:
        import select

        poll = select.poll()
        poll.register(connection, 0)
        return any(event & select.POLLHUP for _, event in poll.poll(0))

    def tell(self, core: _Core) -> None:
        """Do what libjack would have done."""
        callback = core.trampolines.get('shutdown')
        if callback is not None:
            callback(_UNANSWERED, _CLOSED, _NULL)


_watch = _Watch()

#: The cores of all clients that C has, by their identity.
_open_cores: _weakref.WeakValueDictionary[int, _Core] = (
    _weakref.WeakValueDictionary())


def _cores() -> list[_Core]:
    """List the clients that C has; others may be opened at the same time."""
    cores = (ref() for ref in _open_cores.valuerefs())
    return [core for core in cores if core is not None]


def _has(core: _Core, frame: _types.FrameType) -> bool:
    """Tell whether a frame is that of one of our functions for this client."""
    return frame.f_globals is globals() and (
        getattr(frame.f_locals.get('self'), '_core', None) is core)


def _callers(frame: _types.FrameType | None,
             ) -> _t.Iterator[_types.FrameType | None]:
    """Yield a frame and those outside of it, then None if more is unknown."""
    while frame is not None:
        yield frame
        try:
            frame = frame.f_back
        except SystemError:
            # Of a running thread, PyPy cannot always tell.
            yield None
            return


def _uses(core: _Core, innermost: _types.FrameType | None,
          among: set[_types.FrameType] | None = None) -> bool:
    """Tell whether a thread may be in a C function with this client.

    Looks at certain frames only, if they are given.
    """
    using = False
    for frame in _callers(innermost):
        if frame is None:
            return True
        if frame.f_code is _Turn.__enter__.__code__:
            return False    # It waits for its turn, outside of C.
        if _has(core, frame) and (among is None or frame in among):
            using = True
    return using


def _stacks() -> list[_types.FrameType]:
    """Give the innermost frames of all other threads of Python's."""
    mine = _get_ident()
    return [frame for ident, frame in _sys._current_frames().items()
            if ident != mine and ident not in _cycle_threads]


def _frames_of(core: _Core) -> set[_types.FrameType] | None:
    """Find where other threads use this client, if that can be told."""
    found = set()
    for innermost in _stacks():
        for frame in _callers(innermost):
            if frame is None:
                return None
            if _has(core, frame):
                found.add(frame)
    return found


def _busy(core: _Core, among: set[_types.FrameType] | None = None) -> bool:
    """Tell whether closing has to wait for a call or a callback.

    Of the calls only for those in certain frames, if they are given: a thread
    that goes on to call a closed client does not come into C any more.
    """
    runner = core.runner
    return (bool(core.inside - {_get_ident()}) or _workers.is_asked(core.ptr)
            or any(_uses(core, frame, among) for frame in _stacks())
            or (runner is not None and not core.lost
                and runner.could_be_cancelled()))


def _interrupted(core: _Core) -> bool:
    """Tell whether this very thread has been interrupted in such a function.

    By a signal handler, the garbage collector, or a message function.  Or in
    cffi, whose lock it has then, when that parses our declarations by itself.
    """
    frame: _types.FrameType | None = _sys._getframe()
    while frame is not None and frame.f_globals is globals():
        frame = frame.f_back
    return _is_in_cffi(frame) or _uses(core, frame)


def _is_in_cffi(frame: _types.FrameType | None) -> bool:
    return any(caller is not None
               and caller.f_globals.get('__name__') == 'cffi.api'
               for caller in _callers(frame))


#: By thread, the clients that the collector has found while another one is
#: being closed there.  With both half-closed, PipeWire 0.3 would have two
#: real-time threads spin, and on two processors nobody else could go on.
_found_meanwhile: dict[int, list[_Core]] = {}


def _dispose(core: _Core, only_in_c: bool = False) -> int:
    """Close a client in C; return JACK's code."""
    ident = _get_ident()
    outermost = ident not in _found_meanwhile
    found: list[_Core] = []
    try:
        found = _found_meanwhile.setdefault(ident, found)
        return _dispose_here(core, only_in_c)
    except BaseException:
        # A signal handler's, in the middle: somebody has to go on.
        if core.closed and core.ptr is not None and (
                _threading.current_thread() is _threading.main_thread()):
            _workers.hand_over(lambda: _dispose(core))
        raise
    finally:
        if outermost:
            # First: the collector may come once more.
            _found_meanwhile.pop(ident, None)
            while found:
                _dispose_forgotten(found.pop())


def _dispose_forgotten(core: _Core) -> None:
    """Close a client that nobody else can close: later, if not now."""
    try:
        _dispose(core)
    except JackError:
        # A callback of it does not return.
        with _contextlib.suppress(RuntimeError):
            _threading.Thread(target=_dispose_later, args=(core,),
                              name='jack-closer', daemon=True).start()


def _dispose_later(core: _Core) -> None:
    while not core.closed:
        with _contextlib.suppress(JackError):
            _dispose(core)
        _time.sleep(0.1)


def _dispose_here(core: _Core, only_in_c: bool) -> int:
    if _interrupted(core):
        core.close()
        _workers.hand_over(lambda: _dispose(core))
        return 0
    with core.changing():
        return int(_haste(_dispose_now, core, only_in_c))


def _dispose_now(core: _Core, only_in_c: bool) -> int:
    ptr = core.ptr
    if ptr is None:
        core.close()
        return 0
    was_lost = core.lost
    code = -1
    if not core.unanswered:
        _leave_freewheel(core, ptr)
        try:
            code = _deactivate(core)
        except _NoAnswer:
            core.unanswered = True
    among = None
    if not only_in_c:
        core.close()
        among = _frames_of(core)
    deadline = _time.monotonic() + (0 if code < 0 else _PATIENCE)
    while _busy(core, among) and _time.monotonic() < deadline:
        _time.sleep(0.001)
    if _busy(core, among):
        # A frozen server, or a callback that does not return: the rest
        # is done when it does.
        _close_soon(core, ptr, among)
        code = -1
    else:
        code = _close_in_c(core, ptr, was_lost) or code
    core.ptr, core.active = None, False
    core.functions.clear()
    return code


def _await_process_thread(core: _Core, ptr: _t.Any, lost: bool) -> bool:
    """Tell whether JACK 1's thread is outside of Python, and stays there.

    Where the server has gone it is about to say so, and then ends by itself:
    that it does must not be forestalled.
    """
    if _IMPLEMENTATION != 'JACK 1':
        return True
    thread = _lib.jack_client_thread_id(ptr)
    native_id = _native_id(thread)
    if native_id in (0, _threading.get_native_id()):
        return True
    core.notifiers.add(native_id)
    if not (lost or core.lost or (core.connection is not None
                                  and _watch.is_over(core.connection))):
        return True
    return _until(lambda: not _native_id(thread), _PATIENCE)


def _leave_freewheel(core: _Core, ptr: _t.Any) -> None:
    """End the freewheel mode that a client has begun, before it is closed.

    JACK 1 does.  JACK 2 goes on with the mode, and stumbles over the end of a
    client that takes part in it: each further client that is closed has to
    wait for many seconds, in plain C as well.  PipeWire 0.3 may run no cycles
    while in it.
    """
    if core.freewheels and core.active and not (
            _IMPLEMENTATION == 'JACK 1' or core.lost):
        # It does not matter if somebody else has ended it meanwhile.
        with _contextlib.suppress(JackError):
            _workers.ask('jack_set_freewheel', _lib._raw.jack_set_freewheel,
                         (ptr, 0), _PATIENCE / 3, ptr)


def _close_in_c(core: _Core, ptr: _t.Any, lost: bool) -> int:
    """End what is left of a client, once nobody uses it any more."""
    if not lost:
        for name in core.trampolines:
            # JACK 2 tries to call a thread-init callback right away, and
            # JACK 1 one for the sample rate.
            if name in _NOTIFICATIONS and name not in (
                    'shutdown', 'thread_init', 'samplerate'):
                notification = _NOTIFICATIONS[name]
                getattr(_lib, notification.setter)(
                    ptr, _ffi.cast(notification.cdecl, 0), _NULL)
        if _IMPLEMENTATION == 'JACK 1' and 'timebase' in core.trampolines:
            with _contextlib.suppress(_NoAnswer):
                _lib.jack_release_timebase(ptr)
    has_left = _await_process_thread(core, ptr, lost)
    # A copy: a notification may come on one more thread meanwhile.  Where a
    # thread does not end, nothing is done that could hurt it.
    for native_id in tuple(core.notifiers if has_left else ()):
        if native_id != _threading.get_native_id():
            _await_native(native_id)
    for native_id in tuple(core.speakers):
        if native_id != _threading.get_native_id():
            # JACK 2's thread for messages waits for a futex when idle, too.
            _await_native(native_id, patience=0.05)
    core.leave_cycle_threads()
    if not has_left or any(
            isinstance(runner, _Runner) and runner.could_be_cancelled()
            for runner in (core.runner, *core.kept)):
        # The server is gone, and the thread waits for a cycle for ever.
        core.ptr = None
        _watch.end(core)
        _abandoned_cores.append(core)
        _open_cores.pop(id(core), None)
        return -1
    once, is_asked = [True], False

    def close() -> int:
        if not _taken(once):
            return 0
        _watch.end(core)
        code = int(_lib._raw.jack_client_close(ptr))
        _open_cores.pop(id(core), None)
        core.trampolines.clear()
        core.kept.clear()
        return code

    try:
        if _IMPLEMENTATION == 'PipeWire' or (
                _IMPLEMENTATION == 'JACK 1' and not lost):
            # PipeWire 1.4.2 crashes when a client with connected ports is
            # closed after the server has died, or when a notification took
            # so long that it has missed the connection; without ports it does
            # not.  JACK 1 shows them for a while after the client has gone.
            for port in _own_pointers(core, ptr):
                _lib.jack_port_unregister(ptr, port)
        if _IMPLEMENTATION == 'JACK 2' and not lost:
            # libjack 1.9.21 ends the thread which reads this client's
            # notifications before it asks the server to close the client.
            # If the server has many property changes left to tell, it waits
            # for that thread, for ever, and all clients wait for the server.
            # The answer to any request comes after what was asked before.
            _is_answered(core)
        # It happens now, and once, whoever is interrupted.
        core.ptr, is_asked = None, True
        return int(_workers.ask('jack_client_close', close, (),
                                1.5 * _PATIENCE, ptr))
    except _NoAnswer:
        core.unanswered = True
        if is_asked:
            # C may still call back.
            _abandoned_cores.append(core)
        else:
            _close_soon(core, ptr, set())
        return -1
    except BaseException:
        # A signal handler's, perhaps before it was handed over.
        if core.ptr is None:
            _workers.hand_over(close)
        raise


def _own_pointers(core: _Core, ptr: _t.Any) -> _t.Iterator[_t.Any]:
    """Yield a client's ports in C, each when those before are gone.

    By name, PipeWire 1.4 does not find those of an inactive client.  0.3 may
    find one by two names.
    """
    found = []
    for name in _take_names(_lib.jack_get_ports(
            ptr, b'^' + _literally(core.prefix), _NULL, 0)):
        port = _lib.jack_port_by_name(ptr, name)
        if port != _NULL and _lib.jack_port_is_mine(ptr, port):
            found.append(port)
            yield port
    if _IMPLEMENTATION == 'PipeWire' and not _EARLY_PIPEWIRE:
        for ref in core.own.valuerefs():
            own = ref()
            if own is not None and not own._end and own._raw not in found:
                yield own._raw


def _is_answered(core: _Core) -> bool:
    """Make a request which any JACK 2 server that is there can answer."""
    if _broken_off:
        return False
    if not _lib.has('jack_get_uuid_for_client_name'):
        return True
    uuid = _lib.jack_get_uuid_for_client_name(
        core.raw, core.name.encode('utf-8', 'surrogateescape'))
    if uuid == _NULL:
        return False
    _lib.jack_free(uuid)
    return True


class _Hold:
    """Keeps the reader of JACK 2's notifications where it does no harm.

    It goes through all ports of its client when connections have changed, and
    1.9.21 is not prepared for one that is taken away meanwhile: programs in
    plain C crash as well.  So it waits in a callback for the worker which is
    about to do that.
    """

    def __init__(self) -> None:
        self.worker = _threading.get_native_id()
        #: Since when the worker does it, or is about to.
        self.since: float | None = None
        self.begun = _threading.Lock()
        self.begun.acquire()
        self.over = _threading.Lock()
        self.over.acquire()

    def keep(self) -> None:
        """Stay here until libjack's list is without the port."""
        self.begun.release()
        while not self.over.acquire(timeout=1e-4) and not self.is_asked():
            continue

    def is_asked(self) -> bool:
        """Tell whether the worker has got so far as to ask the server.

        Which may wait for this thread before it answers.
        """
        if self.since is None:
            return False
        try:
            call = _system_call(self.worker)
        except OSError:
            # Nothing to look at on this system: give it time.
            return _time.monotonic() > self.since + 0.02
        fd = int(call[1], 16) if len(call) > 1 else -1
        return 0 <= fd < 1 << 31 and _peer(fd).startswith('jack_')


def _careful_unregister(function: _t.Any) -> _abc.Callable[..., _t.Any]:
    """Unregister ports when no thread of libjack's walks over them."""
    def unlink(client: _t.Any, port: _t.Any, hold: _Hold) -> _t.Any:
        # The port keeps its name; but all clients are told of it, this one,
        # too.
        if not _lib._raw.jack_port_rename(client, port,
                                          _lib.jack_port_short_name(port)):
            hold.begun.acquire(timeout=_PATIENCE / 3)
        hold.since = _time.monotonic()
        return function(client, port)

    def unregister(client: _t.Any, port: _t.Any) -> _t.Any:
        core = next((core for core in _cores() if core.raw == client), None)
        if (_IMPLEMENTATION != 'JACK 2' or core is None
                or not (core.active or core.leaving)
                or not _lib.has('jack_port_rename')):
            return function(client, port)
        if _get_ident() in _notified_threads.difference(_cycle_threads):
            # It takes the port from its list, before it refuses to ask.
            return -1
        _await_disconnection(client, port)
        hold = core.hold = _Hold()
        try:
            return _haste(unlink, client, port, hold)
        finally:
            core.hold = None
            hold.over.release()
    return unregister


def _await_disconnection(client: _t.Any, port: _t.Any) -> None:
    """Wait until the cycle knows of all changes of connections so far."""
    period = _period(client)
    deadline = _time.monotonic() + 0.2 + 4 * period
    while _time.monotonic() < deadline:
        begin = _time.monotonic()
        # Sleeps for a little more than a cycle if there is a change to come.
        _lib.jack_port_connected(port)
        if _time.monotonic() - begin <= period:
            return


def _connections(ptr: _t.Any, port: _t.Any) -> list[bytes]:
    """List the names of the ports that a port, anybody's, is connected to."""
    if _IMPLEMENTATION == 'JACK 1':
        return list(_ask_connections(ptr, port))
    return _take_names(_lib.jack_port_get_all_connections(ptr, port))


def _read_connections(ptr: _t.Any, port: _t.Any) -> list[bytes]:
    """List connections on JACK 1, where any port may vanish meanwhile.

    The server answers with the numbers of ports, and libjack crashes when one
    of them has gone before it has looked at it.  So libjack's request is
    caught and sent by us, who are prepared for that.
    """
    ask = _lib._raw.jack_port_get_all_connections
    try:
        server, fd = next((_connection_files(core) for core in _cores()
                           if core.raw == ptr), (-1, -1))
        if server < 0:
            return _take_names(ask(ptr, port))
        try:
            with _catching_requests(fd, server) as catch:
                request = catch(lambda: ask(ptr, port))
            _os.write(server, request)
            answer = _read_exactly(server, len(request))
            # It begins with the kind of request, and ends with an error code.
            count = 0 if any(answer[-4:]) else int.from_bytes(
                answer[4:8], _sys.byteorder)
            numbers = memoryview(_read_exactly(server, 4 * count)).cast('I')
            ports = [_lib.jack_port_by_id(ptr, number) for number in numbers]
        finally:
            _os.close(server)
    except OSError as error:
        raise JackError('cannot ask the JACK server for connections: '
                        f'{error}') from error
    return [_ffi.string(_lib.jack_port_name(port)) for port in ports if port]


_ask_connections = _bounded('jack_port_get_all_connections',
                            _read_connections)


def _connection_files(core: _Core) -> tuple[int, int]:
    """Copy a client's connection, and find libjack's own; else (-1, -1)."""
    connection = core.connection
    if connection is not None:
        link = _link(connection)
        found = [fd for fd, name in _links().items()
                 if name == link and fd != connection]
        if len(found) == 1:
            return _os.dup(connection), found[0]
    return -1, -1


@_contextlib.contextmanager
def _catching_requests(
        fd: int, server: int,
) -> _t.Iterator[_abc.Callable[[_abc.Callable[[], object]], bytes]]:
    """Let libjack make requests that fail; tell what each would send."""
    import socket

    ours, theirs = socket.socketpair()
    with ours, theirs:

        def catch(request: _abc.Callable[[], object]) -> bytes:
            request()
            try:
                sent = ours.recv(0x4000)
            except BlockingIOError:
                return b''      # There was nothing to ask for.
            # For the next one.
            ours.send(b'\xff' * len(sent))
            return sent

        # Whatever size its answers are of, this one says that it has failed.
        ours.send(b'\xff' * 0x4000)
        ours.setblocking(False)
        _os.dup2(theirs.fileno(), fd)
        try:
            yield catch
        finally:
            _os.dup2(server, fd)


def _read_exactly(fd: int, size: int) -> bytes:
    """Read all of that many bytes."""
    data = b''
    while len(data) < size:
        part = _os.read(fd, size - len(data))
        if not part:
            raise ConnectionResetError('the connection has ended')
        data += part
    return data


def _close_soon(core: _Core, ptr: _t.Any,
                among: set[_types.FrameType] | None) -> None:
    # At its end, Python 3.12 starts no threads: then it is left.
    with _contextlib.suppress(RuntimeError):
        _threading.Thread(target=_close_late, args=(core, ptr, among),
                          name='jack-closer', daemon=True).start()


def _close_late(core: _Core, ptr: _t.Any,
                among: set[_types.FrameType] | None) -> None:
    """Close a client when the server has answered all requests after all."""
    runner = core.runner
    while _workers.is_asked(ptr) or _busy(core, among):
        if runner is not None and runner.idle and _dismissal.acquire(
                timeout=1):
            with _contextlib.suppress(JackError):
                runner.stop()
                _lib.jack_deactivate(ptr)
            _dismissal.release()
        _time.sleep(0.1)
    _close_in_c(core, ptr, core.lost)


# Whether that is about to happen to the clients of this program, or has.
_is_ending = False


@_atexit.register
def _end() -> None:
    global _is_ending
    _is_ending = True
    _close_all()


def _close_all() -> None:
    """Close what the program left open, while Python is still alive."""
    silent: set[str] = set()
    for core in _cores():
        if core.server in silent and not core.lost:
            # One has waited for all: the end of the program is theirs.
            core.close()
            continue
        try:
            _dispose(core)
        except JackError as error:
            _report('clean-up at exit', error)
        if core.unanswered:
            silent.add(core.server)
    if not silent:
        # A signal handler's exception has left them something: a client that
        # is being opened, say.  libjack would call back when there is no
        # Python.
        _until(lambda: not _workers.are_busy(), 1)
    _workers.stop()
    # libjack may have something to say when there is no Python any more.
    for kind in _messages:
        _set_message_function(kind, None)


def _close_with_multiprocessing() -> None:
    """Have clients closed in multiprocessing's children, too.

    Those end with os._exit(), which leaves out what atexit has to do.
    """
    global _knows_multiprocessing
    util = _sys.modules.get('multiprocessing.util')
    if util is not None and not _knows_multiprocessing:
        _knows_multiprocessing = True
        util.Finalize(None, _close_all, exitpriority=100)


_knows_multiprocessing = False


def _forget_parent() -> None:
    """In a forked child: leave everything to the parent."""
    global _workers, _watch, _haste, _lists, _dismissal, _knows_multiprocessing
    global _has_stale_thread
    _knows_multiprocessing = False
    if _haste.depth:
        _sys.setswitchinterval(_haste.usual)
    _haste = _Haste()
    _lists = _Lock()
    _dismissal = _threading.RLock()
    for core in _cores():
        core.forget_after_fork()
        _abandoned_cores.append(core)
    _open_cores.clear()
    _notified_threads.clear()
    _cycle_threads.clear()
    _latency_threads.clear()
    _leaving.clear()
    _found_meanwhile.clear()
    _openings.clear()
    _reserved.clear()
    _departures.clear()
    _workers = _Workers()
    _watch = _Watch()
    _guard.reset()
    _database.reset()
    if _IMPLEMENTATION == 'JACK 1' and _os.path.isdir('/proc/self/fd'):
        _has_stale_thread = _clock_runs


# Whether libjack's memory may tell of a thread that only the parent has.
_has_stale_thread = False


def _forget_stale_thread() -> None:
    """Have JACK 1's libjack do without the parent's thread for messages.

    A forked child does not have it.  Whoever ends it, as the last client that
    is closed does, is stuck for ever, and so does a client that cannot be
    opened.  The next one that is opened starts a thread again.
    """
    global _has_stale_thread
    threads: list[int] = []
    ended: list[bool] = []
    open_client = _lib._raw.jack_client_open
    options = _lib.JackNoStartServer | _lib.JackServerName
    status = _ffi.new('jack_status_t *')
    server = _ffi.new('char[]', b'no server of this name')
    address = int(_ffi.cast('uintptr_t', open_client))

    def fail() -> None:
        threads.append(_threading.get_native_id())
        open_client(b'nobody', options, status, server)
        ended.append(True)  # The parent had no such thread any more.

    def is_stuck() -> bool:
        try:
            call = _system_call(threads[0])
        except (IndexError, OSError):
            return False    # It has not begun yet, or has ended already.
        # Not at the interpreter lock, for example, but within libjack.
        return call[0] in _FUTEX and abs(int(call[1], 16) - address) < 1 << 20

    # What it has to say is of no use to anybody.
    report = _lib._raw.jack_error_callback
    _lib._raw.jack_error_callback = _ffi.cast(_ffi.typeof(report), _nothing())
    try:
        _thread.start_new_thread(fail, ())
        deadline = _time.monotonic() + _PATIENCE
        while not (ended or is_stuck()):
            if _time.monotonic() > deadline:
                raise _no_answer('jack_client_open')
            _time.sleep(0.001)
    finally:
        _lib._raw.jack_error_callback = report
    _has_stale_thread = False


# Whether a client has ever been opened in this process, see get_time().
_clock_runs = False

#: The client that the server broke off opening, which makes JACK 2's libjack
#: refuse all requests of this process until the next one is opened; and it
#: frees those that are open then.
_broken_off = ''

#: The threads that there were before a client was opened, by the identifier of
#: the one that does it.
_openings: dict[int, set[int]] = {}

#: What becomes of a request to open a client that nobody answers.
_UNANSWERED = _lib.JackFailure | _lib.JackServerError

#: EPOLLONESHOT: the end of a connection is no news the second time.
_ONCE = 1 << 30

#: What the shutdown callback is told when libjack tells nothing.
_CLOSED = _ffi.new('char[]', b'the server has closed the connection')

#: Kept for ever: a parent's in a forked child, or what C did not let go.
_abandoned_cores: list[_Core] = []

if hasattr(_os, 'register_at_fork'):
    _os.register_at_fork(after_in_child=_forget_parent)

# -- Values -------------------------------------------------------------------

def _flag(bit: int, text: str) -> property:
    def get(self: Status) -> bool:
        return bool(self._code & bit)

    get.__doc__ = text
    return property(get)


class Status:
    """What happened when a client was opened, or why it was shut down.

    Parameters
    ----------
    code
        The bits as JACK gives them.

    Examples
    --------
    >>> import jack
    >>> status = jack.Status(0x11)
    >>> status.server_failed
    True
    >>> status
    <jack.Status 0x11: failure, server_failed>

    """

    __slots__ = '_code'

    def __init__(self, code: int) -> None:
        self._code = _index(code, 'code')

    def __repr__(self) -> str:
        names = ', '.join(name for name in _STATUS_NAMES
                          if getattr(self, name))
        return f'<jack.Status 0x{self._code:x}: {names or "no flags set"}>'

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Status):
            return NotImplemented
        return self._code == other._code

    def __hash__(self) -> int:
        return hash(self._code)

    failure = _flag(
        _lib.JackFailure, 'The operation as a whole did not succeed.')
    invalid_option = _flag(
        _lib.JackInvalidOption, 'An option is unknown or does not fit here.')
    name_not_unique = _flag(
        _lib.JackNameNotUnique,
        """The name was taken already.

        With *use_exact_name* no client is opened.  Otherwise the client got
        another name, made of the desired one, a dash and a number, which
        `Client.name` tells.
        """)
    server_started = _flag(
        _lib.JackServerStarted, 'A server was started for this client.')
    server_failed = _flag(
        _lib.JackServerFailed, 'There is no server to connect to.')
    server_error = _flag(
        _lib.JackServerError, 'The server did not answer as it should.')
    no_such_client = _flag(
        _lib.JackNoSuchClient, 'There is no client of this name.')
    load_failure = _flag(
        _lib.JackLoadFailure, 'An internal client could not be loaded.')
    init_failure = _flag(
        _lib.JackInitFailure, 'A client could not be set up.')
    shm_failure = _flag(
        _lib.JackShmFailure, 'The shared memory is out of reach.')
    version_error = _flag(
        _lib.JackVersionError,
        "The server's protocol is not the one of this library.")
    backend_error = _flag(
        _lib.JackBackendError, "The server's driver failed.")
    client_zombie = _flag(
        _lib.JackClientZombie, 'The server threw the client out.')


_STATUS_NAMES = [name for name, value in vars(Status).items()
                 if isinstance(value, property)]


class TransportState:
    """The state of the transport; equals the constant of the same value.

    Parameters
    ----------
    code
        `STOPPED`, `ROLLING`, `STARTING` or `NETSTARTING`.

    Examples
    --------
    >>> import jack
    >>> state = jack.TransportState(1)
    >>> state
    jack.ROLLING
    >>> state == jack.ROLLING
    True

    """

    __slots__ = '_code'

    def __init__(self, code: int) -> None:
        self._code = _index(code, 'code')

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TransportState):
            return self._code == other._code
        if isinstance(other, int):
            return self._code == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._code)

    def __int__(self) -> int:
        return self._code

    __index__ = __int__

    def __repr__(self) -> str:
        name = _TRANSPORT_NAMES.get(self._code,
                                    f'TransportState({self._code})')
        return f'jack.{name}'


_TRANSPORT_NAMES = {STOPPED: 'STOPPED', ROLLING: 'ROLLING',
                    STARTING: 'STARTING', NETSTARTING: 'NETSTARTING'}

# They never change, so that one of each will do.
_TRANSPORT_STATES = {code: TransportState(code) for code in _TRANSPORT_NAMES}

# Which fields of a position belong to which bit of `valid`.
_POSITION_FIELDS = {
    POSITION_BBT: ('bar', 'beat', 'tick', 'bar_start_tick', 'beats_per_bar',
                   'beat_type', 'ticks_per_beat', 'beats_per_minute'),
    POSITION_TIMECODE: ('frame_time', 'next_time'),
    POSITION_BBT_FRAME_OFFSET: ('bbt_offset',),
    POSITION_AUDIO_VIDEO_RATIO: ('audio_frames_per_video_frame',),
    POSITION_VIDEO_FRAME_OFFSET: ('video_offset',),
    POSITION_TICK_DOUBLE: ('tick_double',),
}


# One that no server accepts: nobody has defined all of these fields.  PipeWire
# says so once it could move the transport.
_NOWHERE = _ffi.new('jack_position_t *', {'valid': 0xffffffff})


def _is_position(pos: _t.Any) -> bool:
    if not isinstance(pos, _ffi.CData):
        return False
    kind = _ffi.typeof(pos)
    if kind.kind == 'pointer':
        if pos == _NULL:
            return False
        kind = kind.item
    return bool(kind == _ffi.typeof('jack_position_t'))


def position2dict(pos: _t.Any) -> dict[str, _t.Any]:
    """Convert a position struct to a dict of its valid fields.

    Realtime-safe.

    Parameters
    ----------
    pos
        A ``jack_position_t``, as `Client.transport_query_struct` returns it
        or as a timebase or sync callback gets it.

    Returns
    -------
    dict
        *usecs* (microseconds), *frame_rate* (frames per second) and *frame*
        are always there, the others when their bit is set in *valid*.

    Raises
    ------
    TypeError
        If *pos* is something else.

    Examples
    --------
    >>> import jack
    >>> client = jack.Client('reader')
    >>> state, position = client.transport_query_struct()
    >>> jack.position2dict(position)['frame'] == position.frame
    True
    >>> client.close()

    """
    if not _is_position(pos):
        raise TypeError('pos must be a jack_position_t, '
                        f'not {type(pos).__name__}')
    return _valid_fields(pos)


def _valid_fields(pos: _t.Any) -> dict[str, _t.Any]:
    result = {'usecs': pos.usecs, 'frame_rate': pos.frame_rate,
              'frame': pos.frame}
    valid = pos.valid
    if valid:
        for bit, fields in _POSITION_FIELDS.items():
            if valid & bit:
                for name in fields:
                    result[name] = getattr(pos, name)
    return result


#: In bytes; libjack cuts longer paths and commands silently.
_LONGEST_IN_SESSION = 255


class SessionEvent:
    """A session manager's request to save (deprecated by JACK).

    Set `command_line` and `flags` before `Client.session_reply`.
    """

    def __init__(self, ptr: _t.Any, core: _Core) -> None:
        if not isinstance(core, _Core) or not isinstance(ptr, _ffi.CData) or (
                _ffi.typeof(ptr) != _ffi.typeof('jack_session_event_t *')):
            raise TypeError('ptr and core are private: session events come '
                            'with the callback of set_session_callback()')
        self._ptr: _t.Any = ptr
        self._core = core
        #: To be taken by the thread that answers.
        self._token = [True]
        #: 1 to save, 2 to save and quit, 3 to save a template.
        self.type = int(ptr.type)
        #: The folder to save into, with a slash at its end.
        self.session_dir = _string(ptr.session_dir)
        #: What to give to `Client` as *session_id* next time.
        self.client_uuid = _string(ptr.client_uuid)
        #: How to start this program again; ``${SESSION_DIR}`` is replaced.
        self.command_line = ''
        #: 1 for an error, 2 for a program that needs a terminal.
        self.flags = 0

    def __repr__(self) -> str:
        state = 'to be answered' if self._token else 'answered'
        return (f'<jack.SessionEvent of type {self.type} in '
                f'{self.session_dir!r}, {state}>')


# -- Client -------------------------------------------------------------------

if _t.TYPE_CHECKING:
    _LaterProperty = property
else:
    class _LaterProperty(property):
        """A property that release 0.4.2 did not have.

        A subclass made for that one may have an attribute of this name.
        """

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, instance, owner=None):
            if instance is not None and self._name in instance.__dict__:
                return instance.__dict__[self._name]
            return super().__get__(instance, owner)

        def __set__(self, instance, value):
            if type(instance) is Client:
                super().__set__(instance, value)    # It says no.
            instance.__dict__[self._name] = value

        def __delete__(self, instance):
            if self._name not in instance.__dict__:
                super().__delete__(instance)
            del instance.__dict__[self._name]


class _Unopened:
    """What stands for an attribute until ``Client.__init__`` has made it."""

    def __get__(self, instance: object, owner: type | None = None,
                ) -> _t.NoReturn:
        raise _JackAttributeError(
            'this client has not been opened: Client.__init__() has failed, '
            'or was not called by that of a subclass')


_UNOPENED: _t.Any = _Unopened()


class Client:
    """A program's membership in the JACK graph.

    A client is a context manager: ``with client:`` activates it, and
    deactivates and closes it in the end.  An exception of the body comes out,
    even if that fails, too.  What is left open when the program ends is closed
    then.

    Parameters
    ----------
    name
        How the client would like to be called, in less than
        `client_name_size` bytes of UTF-8 (JACK 2 takes one less).  When the
        name is taken, the server makes a unique one of it; see `name`.

    Other Parameters
    ----------------
    use_exact_name
        Fail instead when the name is taken.
    no_start_server
        Fail when no server is running, instead of starting one.  The
        environment variable ``JACK_NO_START_SERVER`` does the same.
    servername
        Which server to talk to, when several are running.  The default is
        the environment variable ``JACK_DEFAULT_SERVER``, or ``'default'``.
    session_id
        What a session manager has called this client before.

    Raises
    ------
    JackOpenError
        If JACK refuses; its *status* tells why.
    JackError
        If this process has a client on another JACK 2 server already:
        libjack would show the first server's graph to both.  If the program
        is ending, and its clients have been closed.
    TypeError, ValueError
        If an argument is not a name.

    Notes
    -----
    ``__init__`` may be called again on the same object after it has failed.

    Examples
    --------
    >>> import jack
    >>> client = jack.Client('MyGreatClient')
    >>> client.name
    'MyGreatClient'
    >>> client.close()

    Calls: `jack_client_open`_

    """

    # -- Lifecycle

    _core: _Core
    _status: Status
    _inports: Ports
    _outports: Ports
    _midi_inports: Ports
    _midi_outports: Ports
    _core = _status = _UNOPENED
    _inports = _outports = _midi_inports = _midi_outports = _UNOPENED

    def __init__(self, name: str, use_exact_name: bool = False,
                 no_start_server: bool = False,
                 servername: str | None = None,
                 session_id: str | None = None) -> None:
        self._refuse_second_opening()
        data = _encode_name(name, 'name')
        options = _lib.JackNullOption
        extra = []
        if use_exact_name:
            options |= _lib.JackUseExactName
        if no_start_server:
            options |= _lib.JackNoStartServer
        if servername is not None:
            server = _encode_name(servername, 'servername')
            if len(server) > 200:
                # JACK 2 overruns its stack at about 260 bytes.
                raise ValueError('servername is too long: '
                                 f'{len(server)} bytes, at most 200 will do')
            options |= _lib.JackServerName
            extra.append(_ffi.new('char[]', server))
        if session_id is not None:
            options |= _lib.JackSessionID
            extra.append(_ffi.new('char[]', _encode(session_id,
                                                    'session_id')))
        server_key = (servername or _os.environ.get('JACK_DEFAULT_SERVER')
                      or 'default')
        if _IMPLEMENTATION == 'PipeWire' and len(data) >= client_name_size():
            # It would cut the name.
            raise _not_opened(name, Status(_UNANSWERED), server_key)
        _refuse_on_jack_thread(name, 'opened')
        if _is_ending:
            # Nobody would close it while there is Python.
            raise JackError(
                f'cannot open client {name!r}: the program is ending, and all '
                'clients have been closed (a function that opens one then has '
                'to be registered with atexit after jack was imported)')
        status = _ffi.new('jack_status_t *')
        _workers.start()
        try:
            _close_bereaved(name)
        except _NoAnswer:
            raise _not_opened(name, Status(_UNANSWERED),
                              server_key) from None
        _close_with_multiprocessing()
        # Starting a server takes JACK up to six seconds; PipeWire never does.
        may_start = not (no_start_server or _IMPLEMENTATION == 'PipeWire'
                         or 'JACK_NO_START_SERVER' in _os.environ)
        opened: list[_t.Any] = []
        connections: list[int] = []
        asked = [float('inf')]

        def ask() -> int:
            asked[0] = _time.monotonic()
            ptr = _lib.jack_client_open(data, options, status, *extra)
            if ptr != _NULL:
                opened.append(ptr)
            asked[0] = float('inf')
            return -_errno.ENOENT if status[0] == _CHANCE_FAILURE else 0

        def open_client() -> _t.Any:
            try:
                _find_files(_FILES_OF_A_CLIENT)
                _find_threads(_THREADS_OF_A_CLIENT)
            except OSError as error:
                raise _not_opened(name, Status(_lib.JackFailure),
                                  server_key) from error
            # Here, where no signal handler's exception can come: who has
            # opened the client lets go of it, if there is one.
            _reserved[id(opened)] = name, server_key
            try:
                _refuse_second_server(name, server_key, id(opened))
                if _has_stale_thread:
                    _forget_stale_thread()
                _openings[_get_ident()] = _tasks()
                try:
                    with _watch.opening(servername, connections):
                        _insist(ask)
                finally:
                    del _openings[_get_ident()]
            finally:
                if not opened:
                    del _reserved[id(opened)]
            return opened[0] if opened else _NULL

        try:
            ptr = _workers.ask(
                'jack_client_open', open_client, (),
                4 * _PATIENCE if may_start else _PATIENCE,
                late=lambda _: _close_unwanted(opened, connections),
                asked=asked)
            self._found(name, ptr, Status(status[0]), server_key, connections)
            _reserved.pop(id(opened), None)
        except _NoAnswer:
            raise _not_opened(name, Status(_UNANSWERED),
                              server_key) from None
        except BaseException:
            # Perhaps a signal handler's, before it was known who owns it.
            core = getattr(self, '_core', None)
            if core is None or all(core.raw is not ptr for ptr in opened):
                _workers.hand_over(
                    lambda: _close_unwanted(opened, connections))
            else:
                _reserved.pop(id(opened), None)
            raise

    def _refuse_second_opening(self) -> None:
        core = getattr(self, '_core', None)
        if core is not None and not core.closed:
            raise JackError(f'client {core.name!r} is open already: '
                            'close() it first')

    def _found(self, name: str, ptr: _t.Any, status: Status,
               server_key: str, connections: list[int]) -> None:
        """Take over what has been opened."""
        global _clock_runs, _broken_off
        if ptr == _NULL:
            self._status = status
            if _IMPLEMENTATION == 'JACK 2' and not all(
                    core.end for core in _cores()):
                # Nobody knows while another thread is busy with them.
                with _contextlib.suppress(JackError):
                    if not _is_served():
                        _broken_off = name
            # JACK 1 and PipeWire do not always say that it is a failure.
            raise _not_opened(name, Status(status._code | _lib.JackFailure),
                              server_key)
        _clock_runs = True
        _broken_off = ''
        core = _Core(ptr, _string(_lib.jack_get_client_name(ptr)), server_key,
                     connections[0] if connections else None)
        core.client = _weakref.ref(self)
        with _workers.lock:
            # Another thread may have opened one for the same object.
            self._refuse_second_opening()
            self._core = core
        self._status = status
        _open_cores[id(core)] = core
        audio, midi = _AUDIO.decode(), _MIDI.decode()
        self._inports = Ports(self, audio, _lib.JackPortIsInput)
        self._outports = Ports(self, audio, _lib.JackPortIsOutput)
        self._midi_inports = Ports(self, midi, _lib.JackPortIsInput)
        self._midi_outports = Ports(self, midi, _lib.JackPortIsOutput)
        # Ports of other types.
        self._other_ports = Ports(self, '', 0)
        # Always there, so that every later call can tell of the server's end.
        core.install('shutdown', None)
        _watch.begin(core)

    def close(self, ignore_errors: bool = True) -> None:
        """Leave the graph and the server for good.

        All ports are unregistered.  Afterwards every use of the client and
        of its ports is a `JackError`; closing it again does nothing.  Not
        realtime-safe.

        Parameters
        ----------
        ignore_errors
            Say nothing when the server does not agree, or is gone.

        Raises
        ------
        JackErrorCode
            If the server reports an error which is not to be ignored.
        JackError
            If called within a callback: JACK would wait for itself.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('brief')
        >>> client.close()
        >>> client
        <jack.Client 'brief' closed: no ports>

        Calls: `jack_client_close`_

        """
        core = self._core
        if core.closed:
            return
        _refuse_on_jack_thread(core.name, 'closed')
        code = _dispose(core)
        for ports in self._port_lists():
            ports._ports = []
        if not ignore_errors:
            _check(code, f'cannot close client {core.name!r}')

    def __reduce__(self) -> _t.NoReturn:
        raise TypeError('a client cannot be copied or pickled: open another')

    def __enter__(self) -> Client:
        self.activate()
        return self

    def __exit__(self, *args: object) -> None:
        try:
            self._leave()
        except JackError:
            # If the body has failed, then the program is to learn why.
            if args[:1] in ((), (None,)):
                raise

    def _leave(self) -> None:
        core = self._core
        if core.closed:
            return
        try:
            self.deactivate()
        except _NoAnswer:
            core.unanswered = True
            raise
        finally:
            self.close()

    def __del__(self) -> None:
        # The net, not the contract: __init__ may have failed early, and the
        # collector may run on a thread that JACK is going to wait for.
        core = getattr(self, '_core', None)
        if core is None or core.closed:
            return
        found = _found_meanwhile.get(_get_ident())
        if found is not None and core.is_changing():
            # This very thread has been closing it, without the client, when
            # the collector came: somewhere in `_close_all`.
            return
        # The collector may have taken it out already.
        _open_cores[id(core)] = core
        worker = _workers.threads.get(_get_ident())
        if worker is not None:
            # Whoever waits for what it does may be closing this very client.
            worker.jobs.append(lambda: _dispose_forgotten(core))
        elif found is not None:
            found.append(core)
        elif (_on_jack_thread() or core.is_changing()
              or _guard.lock._is_owned()):
            # Or it has something that closing would wait for.
            _workers.hand_over(lambda: _dispose_forgotten(core))
        else:
            _dispose_forgotten(core)

    def __repr__(self) -> str:
        core = getattr(self, '_core', None)
        if core is None:
            return '<jack.Client, not opened>'
        if core.end:
            state = 'closed' if core.closed else 'without a server'
        else:
            state = 'active' if core.active else 'inactive'
        counts = ', '.join(
            f'{len(ports)} {what}' for ports, what in zip(
                self._port_lists(),
                ('in', 'out', 'MIDI in', 'MIDI out', 'other'))
            if len(ports))
        return f'<jack.Client {core.name!r} {state}: {counts or "no ports"}>'

    def activate(self) -> None:
        """Join the graph: from now on the callbacks are called.

        Connections can be made only while the client is active.  Does
        nothing when it is active already.  Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('lively')
        >>> client.activate()
        >>> client.active
        True
        >>> client.close()

        Calls: `jack_activate`_

        """
        core = self._core
        with core.changing():
            ptr = core.require()
            if core.active:
                return
            # A request that was given up may still be under way: this one,
            # for nothing, waits for its turn.
            _workers.ask('jack_activate', int, (), _PATIENCE, ptr)
            if core.leaving:
                _check(_deactivate(core), f'cannot deactivate {core.name!r}, '
                       'to activate it again')
            if (_IMPLEMENTATION == 'PipeWire' and _libc is not None
                    and core.functions.get('xrun') is None
                    and not self._has_python_cycle()):
                core.install('xrun', core.count_natively())
            for name in 'xrun', 'port_rename':
                if name not in core.functions and _lib.has(
                        _NOTIFICATIONS[name].setter):
                    core.install(name, None)
            if (_IMPLEMENTATION == 'PipeWire'
                    and 'graph_order' in core.functions
                    and 'port_connect' not in core.functions):
                # It tells of the one only where there is the other.
                core.install('port_connect', None)
            core.first.clear()
            core.last_exception = None
            if not core.remembered and (
                    core.functions.get('port_registration')
                    or core.functions.get('port_connect')):
                for name_bytes in self._list_names(b'', b'', 0):
                    port_ptr = _lib.jack_port_by_name(ptr, name_bytes)
                    if port_ptr != _NULL:
                        core.remember(port_ptr)
            frame = _lib.jack_last_frame_time(ptr)
            code = _insist(self._join_graph)
            _check(code, f'cannot activate client {core.name!r}')
            if _IMPLEMENTATION == 'PipeWire' and not _on_jack_thread():
                # These tell the blocksize, the time and the transport.
                _await_cycles(core, frame, 2)

    def _join_graph(self) -> int:
        """Ask once for the client to be activated; return JACK's code."""
        core = self._core
        self._prepare_cycle()
        core.activation += 1
        core.active = True
        code = 0
        try:
            code = int(_lib.jack_activate(core.ptr))
        finally:
            if core.runner is not None:
                # A signal handler's exception does not mean that it failed.
                core.runner.admitted = not code
        if code:
            if _EARLY_PIPEWIRE:
                # The server does not have the thread begin once more before
                # the client has left, which only an active one can.
                _insist(_lib.jack_activate, core.ptr)
            _deactivate(core)
        return code

    def _has_python_cycle(self, but: str = '') -> bool:
        """Tell whether the process thread calls functions in Python.

        On PipeWire it is told of xruns, too.  It may be cancelled at any time
        if it does not run our loop.
        """
        core = self._core
        names = {'process', 'sync', 'timebase', 'thread'} - {but}
        if (_IMPLEMENTATION == 'JACK 1' and not core.begun
                and 'thread_init' in core.functions):
            return True     # Our function calls it there, a native one, too.
        if _IMPLEMENTATION == 'PipeWire':
            names.add('xrun')
        return any(not isinstance(core.functions.get(name),
                                  (_NativeFunction, type(None)))
                   for name in names)

    def _prepare_cycle(self) -> None:
        """Choose who runs the cycle: the user's C function or our loop."""
        core = self._core
        ptr = core.ptr
        functions = core.functions
        process = functions.get('process')
        in_python = self._has_python_cycle(but='process')
        message = f'cannot set the process callback of client {core.name!r}'
        _load_realtime_calls()
        # What the ports know is of another time.
        core.cycle += 1
        core.cyclic, core.enters = True, False
        no_function = _ffi.cast('JackProcessCallback', 0)
        if process is None and not in_python:
            # A synchronous JACK 2 server (-S) takes 5 s to let a connected
            # client go which has none.  JACK 1 leaves such a client out of
            # the cycle, and then does not call these either.
            if _IMPLEMENTATION == 'JACK 1':
                core.cyclic = not functions.keys().isdisjoint(
                    ('sync', 'timebase', 'graph_order'))
            nothing = (_nothing()
                       if core.cyclic and _IMPLEMENTATION != 'PipeWire'
                       else no_function)
            _lib.jack_set_process_callback(ptr, nothing, _NULL)
        elif isinstance(process, _NativeFunction) and not in_python:
            _check(_lib.jack_set_process_callback(
                ptr, process.pointer, process.arg), message)
            core.kept.append(process)
        elif _IMPLEMENTATION == 'JACK 1':
            if 'thread' in functions:
                core.runner = _Runner(core, _user_loop)
            core.enters = True
            callback = _make_process_trampoline(core)
            core.kept.append(callback)
            _check(_lib.jack_set_process_callback(ptr, callback, _NULL),
                   message)
        else:
            _lib.jack_set_process_callback(ptr, no_function, _NULL)
            core.runner = _Runner(
                core, _user_loop if 'thread' in functions else _process_loop)
            _check(_lib.jack_set_process_thread(
                ptr, core.runner.callback, _NULL), message)

    def deactivate(self, ignore_errors: bool = True) -> None:
        """Leave the graph; the client's connections are gone with it.

        Returns after the last process callback has returned.  Does nothing
        when the client is not active.  Not realtime-safe.

        Parameters
        ----------
        ignore_errors
            Say nothing when the server does not agree, or is gone.

        Raises
        ------
        JackErrorCode
            If the server reports an error which is not to be ignored.
        JackError
            If called in the process callback, or if that does not return.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('resting')
        >>> client.activate()
        >>> client.deactivate()
        >>> client.active
        False
        >>> client.close()

        Calls: `jack_deactivate`_

        """
        core = self._core
        if core.closed:
            core.require()
        if not (core.active or core.leaving or core.runner is not None):
            return
        if not core.lost:
            _refuse_on_jack_thread(core.name, 'deactivated')
        code = _deactivate(core)
        if not ignore_errors:
            _check(code, f'cannot deactivate client {core.name!r}')

    @property
    def _ptr(self) -> _t.Any:
        """The C pointer; `JackError` when the client cannot be used."""
        core = self._core
        return core.require() if core.end else core.ptr

    # -- Identity and server

    @property
    def name(self) -> str:
        """The name that the server has given to this client.

        Realtime-safe.

        Examples
        --------
        >>> import jack
        >>> first, second = jack.Client('twin'), jack.Client('twin')
        >>> first.name == second.name
        False
        >>> first.close()
        >>> second.close()

        Calls: `jack_get_client_name`_

        """
        if self._core.closed:
            self._core.require()
        return self._core.name

    @property
    def uuid(self) -> str:
        """The client's UUID, a decimal number as a str.

        Not realtime-safe.

        Raises
        ------
        JackError
            If it has none.

        Notes
        -----
        Calls: `jack_client_get_uuid`_

        """
        return _take_string(_not_null(
            _lib.jack_client_get_uuid(self._ptr),
            f'client {self._core.name!r} has no UUID'))

    @property
    def status(self) -> Status:
        """What the server said when this client was opened.

        Realtime-safe.
        """
        if self._core.closed:
            self._core.require()
        return self._status

    @_LaterProperty
    def active(self) -> bool:
        """Whether the client takes part in the graph.

        It does not any more after a process callback has failed or the
        server has gone.

        Realtime-safe.
        """
        return self._core.active

    @_LaterProperty
    def closed(self) -> bool:
        """Whether the client has been closed.

        Realtime-safe.
        """
        return self._core.closed

    @_LaterProperty
    def last_exception(self) -> BaseException | None:
        """What a callback of this client has raised last, or `None`.

        Reset by `activate`.

        Realtime-safe.

        Examples
        --------
        >>> import jack, threading
        >>> client = jack.Client('unlucky')
        >>> failed = threading.Event()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     failed.set()
        ...     raise jack.CallbackExit('no more')
        >>> client.activate()
        >>> failed.wait(timeout=10)
        True
        >>> client.deactivate()
        >>> client.last_exception
        CallbackExit('no more')
        >>> client.close()

        """
        return self._core.last_exception

    @property
    def samplerate(self) -> int:
        """Frames per second.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_get_sample_rate`_

        """
        return _lib.jack_get_sample_rate(self._ptr)

    @property
    def blocksize(self) -> int:
        """Frames per process cycle; can be set.

        The new size holds for the whole server.  Everybody's blocksize
        callback is called, and the sound is interrupted.

        Realtime-safe.  To set it is not.

        Raises
        ------
        JackErrorCode
            If the server refuses the size.
        JackError
            In freewheel mode on JACK 1, as far as this program knows of it.
        TypeError, ValueError
            If it is set to something which is not a number of frames.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('clock')
        >>> milliseconds = 1000 * client.blocksize / client.samplerate
        >>> client.close()

        Calls: `jack_get_buffer_size`_, `jack_set_buffer_size`_

        """
        return _lib.jack_get_buffer_size(self._ptr)

    @blocksize.setter
    def blocksize(self, blocksize: int) -> None:
        frames = _integer(blocksize, 'blocksize')
        if not frames:
            raise ValueError('blocksize must not be zero')
        _refuse_in_cycle('the blocksize')
        if _IMPLEMENTATION == 'JACK 1' and any(
                core.freewheels for core in self._neighbours()):
            # It would wait for ever for a driver that it has stopped.
            raise JackError('the blocksize cannot be set in freewheel mode: '
                            'end that first, with set_freewheel(False)')
        _check(_lib.jack_set_buffer_size(self._ptr, frames),
               f'cannot set the blocksize to {frames}')

    @property
    def realtime(self) -> bool:
        """Whether the server runs with real-time scheduling.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_is_realtime`_

        """
        return bool(_lib.jack_is_realtime(self._ptr))

    def cpu_load(self) -> float:
        """Return the share of the cycle's time that is used, in percent.

        A running average over all clients, estimated by the server.

        Realtime-safe.

        Returns
        -------
        float
            From 0 to 100, or more when the graph is too slow.

        Notes
        -----
        Calls: `jack_cpu_load`_

        """
        return float(_lib.jack_cpu_load(self._ptr))

    def set_freewheel(self, onoff: bool) -> None:
        """Have the graph run as fast as it can, or in real time again.

        Cycles then follow each other without waiting for the driver: this is
        how to render to a file faster than one can listen.  Concerns the
        whole server, but ends with the client which has begun it, if that one
        is active.

        A whole program is at :doc:`/freewheel`.

        Not realtime-safe.

        Parameters
        ----------
        onoff
            `True` to begin, `False` to end.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        See Also
        --------
        set_freewheel_callback

        Notes
        -----
        Calls: `jack_set_freewheel`_

        """
        _refuse_in_cycle('freewheel mode')
        _check(_lib.jack_set_freewheel(self._ptr, bool(onoff)),
               'cannot ' + ('start' if onoff else 'stop') + ' freewheeling')
        if _IMPLEMENTATION == 'JACK 1' and not onoff:
            # There, whoever has begun it.
            for core in self._neighbours():
                core.freewheels = False
        self._core.freewheels = bool(onoff)

    def _neighbours(self) -> list[_Core]:
        """List the cores of this program's clients on the same server."""
        return [core for core in _cores()
                if core.server == self._core.server]

    @_LaterProperty
    def thread_id(self) -> int:
        """The process thread's native handle (``pthread_t`` as an int).

        0 while there is no such thread.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_client_thread_id`_

        """
        ident = int(_lib.jack_client_thread_id(self._ptr))
        # JACK 1 keeps the thread until the client is closed.
        return ident if self._core.active else 0

    @_LaterProperty
    def realtime_priority(self) -> int:
        """The priority of the process thread, -1 without real time.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_client_real_time_priority`_

        """
        return int(_lib.jack_client_real_time_priority(self._ptr))

    @_LaterProperty
    def max_realtime_priority(self) -> int:
        """The priority that other threads should stay below; -1 for none.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_client_max_real_time_priority`_

        """
        return int(_lib.jack_client_max_real_time_priority(self._ptr))

    # -- Ports

    @property
    def inports(self) -> Ports:
        """The client's audio inputs, a `Ports` list.

        `Ports.register` makes one, `OwnPort.unregister` takes one away and
        `Ports.clear` all of them.

        Realtime-safe.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('mixer')
        >>> port = client.inports.register('voice')
        >>> client.inports
        [jack.OwnPort('mixer:voice')]
        >>> client.inports[0] is port
        True
        >>> client.close()

        """
        self._core.require()
        return self._inports

    @property
    def outports(self) -> Ports:
        """The client's audio outputs, a `Ports` list like `inports`.

        Realtime-safe.
        """
        self._core.require()
        return self._outports

    @property
    def midi_inports(self) -> Ports:
        """The client's MIDI inputs, a `Ports` list like `inports`.

        Realtime-safe.
        """
        self._core.require()
        return self._midi_inports

    @property
    def midi_outports(self) -> Ports:
        """The client's MIDI outputs, a `Ports` list like `inports`.

        Realtime-safe.
        """
        self._core.require()
        return self._midi_outports

    def register_port(self, shortname: str, porttype: str, is_output: bool,
                      is_terminal: bool = False, is_physical: bool = False,
                      buffersize: int = 0) -> OwnPort:
        """Register a port of any type, custom ones included.

        Audio and MIDI ports are better registered with `Ports.register`;
        a port made here is in none of the four lists.

        Not realtime-safe.

        Parameters
        ----------
        shortname
            See `Ports.register`.
        porttype
            The type's name, at most 31 bytes.
        is_output
            Whether others read from it.
        is_terminal, is_physical
            See `Ports.register`.
        buffersize
            In bytes; 0 leaves it to a built-in type.

        Returns
        -------
        OwnPort
            Or `OwnMidiPort`, according to *porttype*.

        Raises
        ------
        JackError
            If the server refuses, as JACK 2 does with types it doesn't know.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('maker')
        >>> client.register_port('out', '32 bit float mono audio',
        ...     is_output=True)
        jack.OwnPort('maker:out')
        >>> client.close()

        Calls: `jack_port_register`_

        """
        flags = PortFlags.IS_OUTPUT if is_output else PortFlags.IS_INPUT
        if is_terminal:
            flags |= PortFlags.IS_TERMINAL
        if is_physical:
            flags |= PortFlags.IS_PHYSICAL
        port = self._register(shortname, porttype, flags,
                              _integer(buffersize, 'buffersize'))
        self._other_ports._add(port)
        return port

    def type_buffersize(self, porttype: str) -> int:
        """Return the size of the buffers of a port type, in bytes.

        Not realtime-safe.

        Parameters
        ----------
        porttype
            The type's name, as in `Port.type`.

        Returns
        -------
        int
            Of each buffer, at the current `blocksize`.

        Raises
        ------
        JackError
            If the server does not know the type.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('sizes')
        >>> size = client.type_buffersize('32 bit float mono audio')
        >>> size == 4 * client.blocksize
        True
        >>> client.close()

        Calls: `jack_port_type_get_buffer_size`_

        """
        size = int(_lib.jack_port_type_get_buffer_size(
            self._ptr, _encode_name(porttype, 'porttype')))
        if not size:
            raise JackError(f'there is no port type {porttype!r}')
        return size

    def _register(self, shortname: str, porttype: str, flags: int,
                  buffersize: int = 0) -> OwnPort:
        core = self._core
        data = _encode_name(shortname, 'shortname')
        full = core.prefix + data
        message = f'cannot register port {shortname!r}'
        _check_port_name(full, message)
        if full in core.own:
            raise JackError(f'{message}: client {core.name!r} has a port of '
                            'this name already')
        kind = _encode_name(porttype, 'porttype')
        if _IMPLEMENTATION == 'PipeWire':
            # Ports that it knows no size for crash the program.
            self.type_buffersize(porttype)
        with core.settled():
            ptr = _lib.jack_port_register(
                core.require(), data, kind, int(flags), buffersize)
        if ptr == _NULL:
            more = ('' if _IMPLEMENTATION == 'PipeWire' else
                    ' (jackd -p NUMBER allows more)')
            raise JackError(
                f'{message} of type {porttype!r}: the server refuses.  The '
                'name may be taken, the type unknown, or there are as many '
                f'ports as the server allows{more}' + _hint(-_errno.ENOENT))
        cls = _port_class(_ffi.string(_lib.jack_port_type(ptr)), True)
        return _t.cast(OwnPort, cls(ptr, self))

    def owns(self, port: str | Port) -> bool:
        """Tell whether a port belongs to this client.

        Not realtime-safe.

        Parameters
        ----------
        port
            A port, or its full name.

        Returns
        -------
        bool
            `True` for a port that this client has registered.

        Raises
        ------
        JackError
            If there is no such port.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('owner')
        >>> port = client.inports.register('in')
        >>> client.owns(port)
        True
        >>> client.close()

        Calls: `jack_port_is_mine`_

        """
        return bool(_lib.jack_port_is_mine(self._ptr, self._find(port)))

    def get_port_by_name(self, name: str) -> Port:
        """Find a port by its full name (``'client:port'``) or an alias.

        Not realtime-safe.

        Parameters
        ----------
        name
            Everything before the first colon is the client's name.

        Returns
        -------
        Port
            Or one of its subclasses, according to the port's type and owner.

        Raises
        ------
        JackError
            If there is no such port.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('finder')
        >>> port = client.outports.register('out')
        >>> client.get_port_by_name('finder:out')
        jack.OwnPort('finder:out')
        >>> client.close()

        Calls: `jack_port_by_name`_

        """
        return self._wrap_port_ptr(self._find(name, 'name'))

    def get_port_by_id(self, id: int) -> Port:
        """Find a port by the number that C callbacks know it by.

        Not realtime-safe.

        Parameters
        ----------
        id
            A ``jack_port_id_t``, such as a native callback gets it.

        Returns
        -------
        Port
            Or one of its subclasses, as from `get_port_by_name`.

        Raises
        ------
        JackError
            If there is no such port.

        Notes
        -----
        Calls: `jack_port_by_id`_

        """
        message = f'there is no port with the id {id}'
        ptr = self._ptr
        port = _not_null(_lib.jack_port_by_id(
            ptr, _integer(id, 'id')), message)
        # JACK 2 gives out pointers for any number, and aborts the program
        # when it is asked for the name of a wrong one.
        for name in self._list_names(b'', b'', 0):
            if _lib.jack_port_by_name(ptr, name) == port:
                return self._wrap_port_ptr(port)
        raise JackError(message)

    def get_ports(self, name_pattern: str = '', is_audio: bool = False,
                  is_midi: bool = False, is_input: bool = False,
                  is_output: bool = False, is_physical: bool = False,
                  can_monitor: bool = False,
                  is_terminal: bool = False) -> list[Port]:
        """List ports of the whole server.

        Not realtime-safe.

        Parameters
        ----------
        name_pattern
            A POSIX extended regular expression, which matches anywhere in
            the full name.  The empty string selects all names.  There may be
            64 kB, and 100 groups and repetitions.  Take none from
            strangers: the C library needs gigabytes for some, such as
            ``a{1,255}{1,255}{1,255}``.
        is_audio, is_midi
            Select by type.  Without either, ports of all types are listed.
        is_input, is_output
            Select by direction.
        is_physical, is_terminal, can_monitor
            Select ports that have all of these properties.

        Returns
        -------
        list of Port
            In the server's order; own ports are `OwnPort` or `OwnMidiPort`.

        Raises
        ------
        ValueError
            If *name_pattern* is not a regular expression, or too much of one.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('lister')
        >>> client.get_ports('playback', is_input=True)
        [jack.Port('system:playback_1'), jack.Port('system:playback_2')]
        >>> client.close()

        Calls: `jack_get_ports`_

        """
        pattern = _encode(name_pattern, 'name_pattern')
        if pattern:
            _check_pattern(pattern)
        flags = 0
        for wanted, flag in zip((is_input, is_output, is_physical,
                                 is_terminal, can_monitor), _FLAGS):
            if wanted:
                flags |= flag
        both = bool(is_audio) == bool(is_midi)
        names = self._list_names(
            pattern, b'' if both else _AUDIO if is_audio else _MIDI, flags)
        if len(names) > _FEW:
            # libjack takes longer to find a port by its name the more ports
            # there are: take their classes from one list for each type.
            classes = {name: cls for porttype, cls in _PORT_CLASSES.items()
                       for name in self._list_names(pattern, porttype, flags)}
            if classes.keys() >= set(names):
                return self._ports_of_classes(
                    names, map(classes.__getitem__, names))
        # Few, or some are of another type, or were registered a moment ago.
        ports = self._ports_from_names(names)
        if both and is_audio:
            return [port for port in ports if port.is_audio or port.is_midi]
        return ports

    def _ports_of_classes(self, names: list[bytes],
                          classes: _abc.Iterable[type[Port]]) -> list[Port]:
        """Make port objects without looking each of them up."""
        own, prefix = self._core.own, self._core.prefix
        return [name.startswith(prefix) and own.get(name)
                or cls._named(name, self)
                for name, cls in zip(names, classes)]

    def _list_names(self, pattern: bytes, types: bytes,
                    flags: int) -> list[bytes]:
        self._core.catch_up()
        return _take_names(_lib.jack_get_ports(
            self._ptr, pattern or _NULL, types or _NULL, flags))

    def _port_lists(self) -> tuple[Ports, ...]:
        return (self._inports, self._outports, self._midi_inports,
                self._midi_outports, self._other_ports)

    def _find(self, port: str | Port, argument: str = 'port') -> _t.Any:
        """Return the C pointer of a port given by name or object."""
        if isinstance(port, Port):
            return port._ptr
        if not isinstance(port, str):
            raise TypeError(f'{argument} must be a Port or the full name of '
                            f'one, not {type(port).__name__}')
        name = _encode_name(port, argument)
        return _not_null(self._look_up(_lib.jack_port_by_name, name),
                         f'there is no port {port!r}')

    def _look_up(self, function: _t.Any, name: bytes) -> _t.Any:
        """Find what others may have made a moment ago; return a C pointer."""
        self._core.catch_up()
        found = [function(self._ptr, name)]

        def again() -> bool:
            found[0] = function(self._ptr, name)
            return bool(found[0] != _NULL)

        if found[0] == _NULL and _EARLY_PIPEWIRE and not _on_jack_thread():
            _until(again)
        return found[0]

    def _port_name(self, port: str | Port, argument: str) -> bytes:
        """Return the full name of a port given by name or object."""
        if isinstance(port, Port):
            return port._resolve()[1]
        if not isinstance(port, str):
            raise TypeError(f'{argument} must be a Port or the full name of '
                            f'one, not {type(port).__name__}')
        return _encode_name(port, argument)

    def _primary_name(self, port: str | Port) -> bytes:
        """Return a port's full name for functions that know no alias."""
        name = self._port_name(port, 'port')
        if isinstance(port, Port):
            return name
        ptr = _lib.jack_port_by_name(self._ptr, name)
        return (name if ptr == _NULL
                else bytes(_ffi.string(_lib.jack_port_name(ptr))))

    def _wrap_port_ptr(self, ptr: _t.Any) -> Port:
        """Make a port object for a C pointer."""
        name = _ffi.string(_lib.jack_port_name(ptr))
        own = self._core.own.get(name)
        if own is not None:
            return own
        cls = _port_class(_ffi.string(_lib.jack_port_type(ptr)),
                          _lib.jack_port_is_mine(self._ptr, ptr))
        return cls(ptr, self)

    def _port_from_name(self, name: bytes) -> Port | None:
        """Make a port object, or nothing if the port has vanished."""
        own = self._core.own.get(name)
        if own is not None:
            return own
        ptr = _lib.jack_port_by_name(self._ptr, name)
        if ptr == _NULL:
            return None
        return self._wrap_port_ptr(ptr)

    def _port_from_memory(self, memory: _Memory) -> Port:
        """Make an object for a port that is gone."""
        port: Port = _port_class(memory.type.encode(),
                                 memory.is_mine)._named(memory.name, self)
        port._memory = memory
        return port

    # -- Connections

    def connect(self, source: str | Port, destination: str | Port) -> None:
        """Connect an output port to an input port of the same type.

        Not realtime-safe.

        Parameters
        ----------
        source
            The output: a port or its full name.
        destination
            The input: a port or its full name.

        Raises
        ------
        JackErrorCode
            If that cannot be done; the code is ``errno.EEXIST`` when the two
            are connected already.

        See Also
        --------
        disconnect, OwnPort.connect

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('cable')
        >>> source = client.outports.register('out')
        >>> sink = client.inports.register('in')
        >>> client.activate()
        >>> client.connect('cable:out', sink)
        >>> source.connections
        [jack.OwnPort('cable:in')]
        >>> client.disconnect(source, 'cable:in')
        >>> client.close()

        Calls: `jack_connect`_

        """
        self._patch(_lib.jack_connect, source, destination, True)

    def disconnect(self, source: str | Port, destination: str | Port) -> None:
        """Take a connection away.

        Not realtime-safe.

        Parameters
        ----------
        source, destination
            The two ends; see `connect`.

        Raises
        ------
        JackErrorCode
            If there is no such connection.

        See Also
        --------
        connect, OwnPort.disconnect

        Notes
        -----
        Calls: `jack_disconnect`_

        """
        self._patch(_lib.jack_disconnect, source, destination, False)

    def _patch(self, function: _t.Any, source: str | Port,
               destination: str | Port, connecting: bool) -> None:
        ptr = self._ptr
        a = self._port_name(source, 'source')
        b = self._port_name(destination, 'destination')
        if _EARLY_PIPEWIRE:
            # Whether they were connected tells what its answer means.
            self._await_patch()
        code = function(ptr, a, b)
        # PipeWire 1.4 makes all ports anew when the block size changes.
        if code and self._core.catch_up() and _until(lambda: all(
                _lib.jack_port_by_name(ptr, name) != _NULL
                for name in (a, b))):
            code = function(ptr, a, b)
        if code:
            verb = 'connect' if connecting else 'disconnect'
            names = [name.decode('utf-8', 'replace') for name in (a, b)]
            _check(code, f'cannot {verb} {names[0]!r} and {names[1]!r}: '
                   + self._why_not(a, b, code, connecting))
        self._note_patch(a, b, connecting)

    def _note_patch(self, a: bytes, b: bytes, connecting: bool) -> None:
        """Remember what libjack may not show yet; no *b* stands for all."""
        deadline = _time.monotonic() + 0.2 + 4 * _period(self._ptr)
        _last_patches[self._core.server] = a, b, connecting, deadline

    def _await_patch(self) -> None:
        """Wait until libjack shows what has been connected last.

        JACK 2 reads connections from the state of the current cycle, and the
        others' clients hear of each others' one by one.
        """
        core = self._core
        core.catch_up()
        patch = _last_patches.get(core.server)
        if patch is None or patch is core.seen_patch or _on_jack_thread():
            return
        a, b, connecting, deadline = patch
        ptr = self._ptr
        while _time.monotonic() < deadline:
            port = _lib.jack_port_by_name(ptr, a)
            if port == _NULL:
                break
            names = _connections(ptr, port)
            if (connecting == (b in names)) if b else not names:
                break
            _time.sleep(_period(ptr) / 8)
        core.seen_patch = patch

    def _why_not(self, a: bytes, b: bytes, code: int,
                 connecting: bool) -> str:
        """Find out why two ports could not be (dis)connected."""
        if connecting and code == _errno.EEXIST:
            return 'they are connected already'
        facts = []
        for name, flag, what in ((a, PortFlags.IS_OUTPUT, 'an output'),
                                 (b, PortFlags.IS_INPUT, 'an input')):
            text = name.decode('utf-8', 'replace')
            ptr = _lib.jack_port_by_name(self._ptr, name)
            if ptr == _NULL:
                return f'there is no port {text!r}'
            if not _lib.jack_port_flags(ptr) & flag:
                return f'{text!r} is not {what} port'
            facts.append(_string(_lib.jack_port_type(ptr)))
        if facts[0] != facts[1]:
            return f'their types are {facts[0]!r} and {facts[1]!r}'
        if not connecting:
            return 'they are not connected'
        own = self._core.own
        if not self._core.active and (a in own or b in own):
            return (f'client {self._core.name!r} is not active; '
                    'activate() it first')
        return ('the server refuses, perhaps because the client at one end '
                'is not active')

    def get_all_connections(self, port: str | Port) -> list[Port]:
        """List what a port, anybody's, is connected to.

        Not realtime-safe.

        Parameters
        ----------
        port
            A port, or its full name.

        Returns
        -------
        list of Port
            Own ports are `OwnPort` or `OwnMidiPort`.

        Raises
        ------
        JackError
            If there is no such port.

        See Also
        --------
        OwnPort.connections

        Notes
        -----
        Not to be called within a notification callback on JACK 1.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('asker')
        >>> source = client.outports.register('out')
        >>> sink = client.inports.register('in')
        >>> client.activate()
        >>> client.connect(source, sink)
        >>> client.get_all_connections('asker:in')
        [jack.OwnPort('asker:out')]
        >>> client.close()

        Calls: `jack_port_get_all_connections`_

        """
        ptr = self._find(port)
        self._await_patch()
        return self._ports_from_names(_connections(self._ptr, ptr))

    def _ports_from_names(self, names: list[bytes]) -> list[Port]:
        """Make port objects, leaving out what has vanished meanwhile."""
        ptr, prefix = self._ptr, self._core.prefix
        by_name, porttype = _lib.jack_port_by_name, _lib.jack_port_type
        string = _ffi.string
        ports: list[Port] = []
        for name in names:
            if name.startswith(prefix):
                port = self._port_from_name(name)
                if port is None:
                    continue
            else:
                port_ptr = by_name(ptr, name)
                if not port_ptr:
                    continue
                cls = _PORT_CLASSES.get(string(porttype(port_ptr)),
                                        UnknownPort)
                port = cls._named(name, self)
                port._uuid = _uuid_of(port_ptr)
            ports.append(port)
        return ports

    def request_monitor(self, port: str | Port, onoff: bool) -> None:
        """Turn input monitoring of a port on or off.

        Not realtime-safe.

        Parameters
        ----------
        port
            A port, or its full name.
        onoff
            `True` for on.

        Raises
        ------
        JackErrorCode
            If the server refuses, as it does when there is no such port.

        Notes
        -----
        Calls: `jack_port_request_monitor_by_name`_

        """
        name = self._primary_name(port)
        _check(_lib.jack_port_request_monitor_by_name(
            self._ptr, name, bool(onoff)),
            f'cannot monitor {name.decode("utf-8", "replace")!r}')

    # -- Transport

    @property
    def _mover(self) -> _t.Any:
        """The C pointer, for what is to move the transport."""
        core = self._core
        ptr = core.require()
        if _IMPLEMENTATION == 'PipeWire':
            if not (core.active or core.leaving):
                raise JackError(f'client {core.name!r} must be active first: '
                                'PipeWire ignores it until then')
            core.moved = _lib.jack_last_frame_time(ptr)
        return ptr

    def _move(self, request: _t.Any, *arguments: _t.Any) -> int:
        """Ask for another state of the transport; return the error code.

        PipeWire loses what is asked while the client's graph gets another
        driver, as at the begin and the end of freewheel mode.
        """
        if _IMPLEMENTATION != 'PipeWire' or _on_jack_thread():
            return request(self._mover, *arguments) or 0
        codes: list[int] = []

        def is_heard() -> bool:
            ptr = self._mover
            codes[:] = (request(ptr, *arguments) or 0,
                        _lib.jack_transport_reposition(ptr, _NOWHERE))
            return -_errno.EIO not in codes

        return codes[0] if _until(is_heard, 1) else -_errno.EIO

    def transport_start(self) -> None:
        """Start the transport.

        It rolls as soon as all slow-sync clients are ready.

        Realtime-safe.

        Raises
        ------
        JackErrorCode
            If PipeWire has had no driver for the client for a second.

        See Also
        --------
        set_sync_callback, transport_state

        Notes
        -----
        Calls: `jack_transport_start`_

        """
        _check(self._move(_lib.jack_transport_start),
               'cannot start the transport')

    def transport_stop(self) -> None:
        """Stop the transport.

        Realtime-safe.

        Raises
        ------
        JackErrorCode
            If PipeWire has had no driver for the client for a second.

        Notes
        -----
        Calls: `jack_transport_stop`_

        """
        _check(self._move(_lib.jack_transport_stop),
               'cannot stop the transport')

    @property
    def transport_state(self) -> TransportState:
        """The transport's state, one of the constants of that kind.

        `STOPPED`, `ROLLING`, `STARTING` or `NETSTARTING`.

        Realtime-safe.

        See Also
        --------
        transport_query

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('watcher')
        >>> if client.transport_state == jack.ROLLING:
        ...     print('There is music!')
        >>> client.close()

        Calls: `jack_transport_query`_

        """
        state = _lib.jack_transport_query(self._ptr, _NULL)
        return _TRANSPORT_STATES.get(state) or TransportState(state)

    @property
    def transport_frame(self) -> int:
        """Where the transport is, in frames; set it to go elsewhere.

        While rolling this is an estimate that counts the time since the
        last cycle in.

        Realtime-safe.

        Raises
        ------
        TypeError, ValueError
            If it is set to something which is not a number of frames.
        JackErrorCode
            If the server refuses.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('winder')
        >>> client.activate()
        >>> client.transport_frame = 10 * client.samplerate    # ten seconds
        >>> client.close()

        Calls: `jack_get_current_transport_frame`_,
        `jack_transport_locate`_

        """
        if _IMPLEMENTATION == 'PipeWire':
            # In 0.3.65, the estimate is right only while it is rolling.
            state, position = self.transport_query_struct()
            if state != ROLLING:
                return int(position.frame)
        return _lib.jack_get_current_transport_frame(self._ptr)

    @transport_frame.setter
    def transport_frame(self, frame: int) -> None:
        self._locate(frame)

    def transport_locate(self, frame: int) -> None:
        """Go to a frame (deprecated: set `transport_frame` instead).

        Realtime-safe.

        Parameters
        ----------
        frame
            Where to go, in frames from the beginning.

        Raises
        ------
        TypeError, ValueError
            If *frame* is not a number of frames.
        JackErrorCode
            If the server refuses.

        Notes
        -----
        Calls: `jack_transport_locate`_

        """
        self._locate(frame)

    def _locate(self, frame: int) -> None:
        number = _integer(frame, 'frame')
        _check(self._move(_lib.jack_transport_locate, number),
               f'cannot locate the transport to frame {number}')

    def transport_query(self) -> tuple[TransportState, dict[str, _t.Any]]:
        """Return the transport's state and position, the latter as a dict.

        Realtime-safe.

        Returns
        -------
        state : TransportState
            As `transport_state`.
        position : dict
            What `position2dict` makes of the position.

        See Also
        --------
        transport_query_struct

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('looker')
        >>> state, position = client.transport_query()
        >>> seconds = position['frame'] / client.samplerate
        >>> client.close()

        Calls: `jack_transport_query`_

        """
        state, position = self.transport_query_struct()
        return (_TRANSPORT_STATES.get(state) or TransportState(state),
                _valid_fields(position))

    def transport_query_struct(self) -> tuple[int, _t.Any]:
        """Return the transport's state and position as C has them.

        In the process callback this is the state of the whole cycle and the
        position of its first frame.  Realtime-safe.

        Returns
        -------
        state : int
            As `transport_state`.
        position : jack_position_t
            A struct of its own for each call.

        See Also
        --------
        transport_query, transport_reposition_struct

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('follower')
        >>> @client.set_process_callback
        ... def process(frames):
        ...     state, position = client.transport_query_struct()
        ...     if state == jack.ROLLING:
        ...         pass    # Play the samples from position.frame on.
        >>> client.close()

        Calls: `jack_transport_query`_

        """
        core = self._core
        try:
            spare = core.positions.popleft()
        except IndexError:
            spare = None    # Outside of this there may be another error.
        # The pointer has a reference to the struct as well.
        if (spare is None or core.end or _references(spare[0]) != _UNSHARED
                or _references(spare[2]) != _UNSHARED + 1):
            spare = core.make_position(spare)
        position, handle, _ = spare
        core.positions.append(spare)
        state: int = _rt.query(core.handle, handle)
        if _COHERENT or position.unique_1 == position.unique_2:
            return state, position
        # The server was writing at the same time.
        for _ in range(1000):
            state = _rt.query(core.handle, handle)
            if position.unique_1 == position.unique_2:
                return state, position
        raise JackError('the transport position keeps changing while it is '
                        'read: is the server alive?')

    def transport_reposition(self, frame: int | None = None,
                             **position: _t.Any) -> None:
        """Ask for a new transport position, field by field.

        Realtime-safe.

        Parameters
        ----------
        frame
            Where to go; by default the transport stays where it is.
        **position
            Fields of the position struct, as in `position2dict`; the
            server's own, ``usecs`` and ``frame_rate``, are ignored.  Those
            which need others (``bar`` needs ``beat`` and so on) get what the
            current position says, or zero.

        Raises
        ------
        JackErrorCode
            If the position is not acceptable.
        JackError
            On PipeWire, if there is more than *frame*.
        TypeError, ValueError
            If a field does not exist, or cannot have that value.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('mover')
        >>> client.activate()
        >>> client.transport_reposition(frame=48000, bar=3, beat=1)
        >>> client.close()

        Calls: `jack_transport_reposition`_

        """
        _, struct = self.transport_query_struct()
        if frame is not None:
            struct.frame = _integer(frame, 'frame')
        bits = {field: bit for bit, fields in _POSITION_FIELDS.items()
                for field in fields}
        for field in ('usecs', 'frame_rate'):
            position.pop(field, None)
        for field, bit in bits.items():
            if not struct.valid & bit:
                # It may hold anything, and others might be told of it.
                setattr(struct, field, 0)
        for field, value in position.items():
            if field not in bits:
                raise TypeError(f'there is no position field {field!r}; '
                                f'there are {", ".join(bits)}')
            try:
                setattr(struct, field, value)
            except (TypeError, ValueError):     # The latter on PyPy.
                kind = ('an integer' if isinstance(getattr(struct, field), int)
                        else 'a number')
                raise TypeError(f'{field} must be {kind}, '
                                f'not {type(value).__name__}') from None
            except OverflowError:
                raise ValueError(f'{field} is out of range: {value}'
                                 ) from None
            struct.valid |= bits[field]
        if position and _IMPLEMENTATION == 'PipeWire':
            raise JackError('PipeWire takes a frame only: its other '
                            "fields are the timebase callback's")
        self.transport_reposition_struct(struct)

    def transport_reposition_struct(self, position: _t.Any) -> None:
        """Ask for a new transport position.

        It holds two cycles later.  Slow-sync clients are waited for first
        when the transport is rolling.  Realtime-safe.

        Parameters
        ----------
        position
            A ``jack_position_t`` from `transport_query_struct`.

        Raises
        ------
        JackErrorCode
            If the position is not acceptable.
        TypeError
            If it is something else.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('shifter')
        >>> client.activate()
        >>> state, position = client.transport_query_struct()
        >>> position.frame += client.samplerate     # one second
        >>> client.transport_reposition_struct(position)
        >>> client.close()

        Calls: `jack_transport_reposition`_

        """
        if not _is_position(position):
            raise TypeError('position must be a jack_position_t, '
                            f'not {type(position).__name__}')
        if _ffi.typeof(position).kind != 'pointer':
            position = _ffi.addressof(position)
        _check(self._move(_lib.jack_transport_reposition, position),
               'cannot reposition the transport')

    def set_sync_timeout(self, timeout: int) -> None:
        """Limit how long the transport waits for slow-sync clients.

        Not realtime-safe.

        Parameters
        ----------
        timeout
            In microseconds.  Each server begins with another one: JACK 2
            1.9.21 with 10 seconds, JACK 1 with 2, PipeWire 1.4 with 5.

        Raises
        ------
        JackErrorCode
            If the server refuses.
        TypeError, ValueError
            If *timeout* is not such a number.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('patient')
        >>> client.set_sync_timeout(5_000_000)      # five seconds
        >>> client.close()

        Calls: `jack_set_sync_timeout`_

        """
        _check(_lib.jack_set_sync_timeout(
            self._ptr, _integer(timeout, 'timeout', 64)),
            'cannot set the sync timeout')

    def release_timebase(self) -> None:
        """Stop being the timebase master.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If this client is not.

        Notes
        -----
        Calls: `jack_release_timebase`_

        """
        _check(_lib.jack_release_timebase(self._ptr),
               f'client {self._core.name!r} is not the timebase master')
        self._core.functions.pop('timebase', None)

    # -- Callbacks

    def set_shutdown_callback(
            self, callback: _abc.Callable[[Status, str], object]) -> _t.Any:
        """Have a function called when the server is gone.

        It is called once, when the server shuts down, dies, or throws this
        client out.  It runs on a thread of JACK's, or of this module where
        libjack says nothing (to inactive clients, say; on Linux only).  What
        it should do is to tell another thread (with a `threading.Event`, for
        example) to close the client, which cannot be done here.  Set it
        before `activate`.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(status: Status, reason: str) -> None``

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        Examples
        --------
        >>> import jack, threading
        >>> client = jack.Client('careful')
        >>> gone = threading.Event()
        >>> @client.set_shutdown_callback
        ... def shutdown(status, reason):
        ...     print('JACK is gone:', reason)
        ...     gone.set()
        >>> client.close()

        Calls: `jack_on_info_shutdown`_

        """
        return self._set_callback('shutdown', callback)

    def set_process_callback(self, callback: _t.Any,
                             userdata: _t.Any = None) -> _t.Any:
        """Have a function called in each process cycle.

        This is where audio and MIDI are read and written.  The function has
        less than `blocksize` / `samplerate` seconds, for everything: it must
        not wait for anything.

        .. warning::

            Python's interpreter lock and its garbage collector can make the
            function late, and then there is a gap in the sound.  See
            :doc:`/callbacks` for what helps.  A native function is never
            late because of Python.

        It runs on a thread of JACK's and cannot be set while the client is
        active.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(frames: int) -> None``, where *frames* is the number
            of frames to process (`blocksize`).  What it returns is ignored.
            When it raises an exception it is not called any more: the
            client leaves the graph, `last_exception` tells why, and the
            traceback goes to stderr (but none for `CallbackExit`).

            Or a native function with the signature
            ``int callback(uint32_t frames, void *userdata)``: a function
            pointer of cffi or ctypes, or one of Numba's ``cfunc``, or
            anything else with an integer attribute *address* that cannot be
            called.  No Python runs in the cycle then.
        userdata
            For a native function only: a cffi pointer, an address, or a
            writable buffer (a NumPy array, for example), which is kept
            alive.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called, or *userdata* cannot be passed.
        JackError
            If the client is active.

        Examples
        --------
        >>> import jack, threading
        >>> import numpy as np
        >>> client = jack.Client('quieter')
        >>> source = client.inports.register('in')
        >>> sink = client.outports.register('out')
        >>> called = threading.Event()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     sink.get_array()[:] = 0.5 * source.get_array()
        ...     called.set()
        >>> with client:
        ...     called.wait(timeout=10)
        True

        Calls: `jack_set_process_callback`_ for a native function,
        `jack_set_process_thread`_ for one in Python

        """
        native = _native_function(callback, 'JackProcessCallback', userdata)
        if native is None:
            _callable(callback)
        with self._core.changing():
            self._require_inactive('process')
            if 'thread' in self._core.functions:
                raise JackError('set_process_thread() was called before: a '
                                'client has one or the other')
            self._core.functions['process'] = native or callback
        return callback

    def set_process_thread(self, callback: _abc.Callable[[], object]
                           ) -> _t.Any:
        """Have a function called that runs all process cycles in a loop.

        An alternative to `set_process_callback`.  In the loop, `cycle_wait`
        waits for the next cycle and `cycle_signal` ends it.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback() -> None``.  Runs on JACK's process thread, once per
            activation; when it returns, the client leaves the graph.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        JackError
            If the client is active or has a process callback.
        TypeError
            If *callback* cannot be called.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('looper')
        >>> output = client.outports.register('out')
        >>> @client.set_process_thread
        ... def loop():
        ...     while True:
        ...         frames = client.cycle_wait()
        ...         output.get_buffer()[:] = bytes(4 * frames)
        ...         client.cycle_signal()
        >>> client.close()

        Calls: `jack_set_process_thread`_

        """
        _callable(callback)
        with self._core.changing():
            self._require_inactive('process')
            if 'process' in self._core.functions:
                raise JackError('set_process_callback() was called before: a '
                                'client has one or the other')
            self._core.functions['thread'] = callback
        return callback

    def cycle_wait(self) -> int:
        """Wait for the next process cycle.

        Only in the function given to `set_process_thread`.

        Realtime-safe.

        Returns
        -------
        int
            The number of frames to process.

        Raises
        ------
        CallbackExit
            When the client is being deactivated: let it end your loop.
        JackError
            On any other thread.

        See Also
        --------
        set_process_thread

        Notes
        -----
        Calls: `jack_cycle_wait`_

        """
        core = self._core
        runner = self._require_runner('cycle_wait')
        if runner.pending:
            self.cycle_signal()
        if runner.stopping:
            raise CallbackExit
        frames = runner.wait()
        runner.pending = True
        if runner.stopping or not frames:
            core.skip_cycle(frames)
            raise CallbackExit
        core.begin_cycle(frames)
        if _SILENT_AGAIN and core.outputs:
            core.deliver(core.cycle)
        core.ident = _get_ident()
        return frames

    def cycle_signal(self, status: int = 0) -> None:
        """End the current process cycle.

        Only in the function given to `set_process_thread`.

        Realtime-safe.

        Parameters
        ----------
        status
            Other than 0 to tell JACK of a failure; the client then leaves
            the graph, and this method raises `CallbackExit`.

        Raises
        ------
        JackError
            On any other thread, or if no cycle has been waited for.

        See Also
        --------
        set_process_thread

        Notes
        -----
        Calls: `jack_cycle_signal`_

        """
        core = self._core
        runner = self._require_runner('cycle_signal')
        if not runner.pending:
            raise JackError('cycle_signal() without a cycle: call '
                            'cycle_wait() first')
        if status:
            raise CallbackExit
        core.ident = 0
        core.end_cycle()
        runner.signal()

    def _require_runner(self, method: str) -> _Runner:
        core = self._core
        if (core.runner is None or 'thread' not in core.functions
                or _get_ident() not in core.cycle_idents):
            core.require()
            raise JackError(f'{method}() may be called only in the function '
                            'given to set_process_thread()')
        if _get_ident() in _notified_threads:
            raise JackError(f'{method}() may not be called within a callback, '
                            'which comes while another call of it waits')
        return core.runner

    def set_thread_init_callback(self, callback: _t.Any,
                                 userdata: _t.Any = None) -> _t.Any:
        """Have a function called when a thread of JACK's starts.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback() -> None``.  Runs on each thread that JACK starts for
            the client, the process thread among them, before anything else
            happens there.  Or a native function, ``void callback(void *)``.
        userdata
            For a native function, see `set_process_callback`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called, or *userdata* cannot be passed.
        JackError
            If the client is active.

        Examples
        --------
        >>> import jack, queue, threading
        >>> client = jack.Client('threads')
        >>> started = queue.SimpleQueue()
        >>> @client.set_thread_init_callback
        ... def thread_init():
        ...     started.put(threading.get_ident())
        >>> client.close()

        Calls: `jack_set_thread_init_callback`_

        """
        return self._set_callback('thread_init', callback, userdata)

    def set_freewheel_callback(
            self, callback: _abc.Callable[[bool], object]) -> _t.Any:
        """Have a function called when freewheel mode begins and ends.

        It runs on a thread of JACK's which is not a real-time one, and must
        not call for anything that the server has to do.  It cannot be set
        while the client is active.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(starting: bool) -> None``

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        set_freewheel

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('renderer')
        >>> @client.set_freewheel_callback
        ... def freewheel(starting):
        ...     print('as fast as it goes' if starting else 'in real time')
        >>> client.close()

        Calls: `jack_set_freewheel_callback`_

        """
        return self._set_callback('freewheel', callback)

    def set_blocksize_callback(
            self, callback: _abc.Callable[[int], object]) -> _t.Any:
        """Have a function called when the blocksize changes.

        The process cycle stands still meanwhile, so it may take its time to
        allocate memory; otherwise see `set_freewheel_callback`.  JACK calls
        it once at activation, too.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(blocksize: int) -> None``; may raise `CallbackExit`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        blocksize

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('prepared')
        >>> @client.set_blocksize_callback
        ... def blocksize(frames):
        ...     global silence
        ...     silence = bytes(4 * frames)
        >>> client.close()

        Calls: `jack_set_buffer_size_callback`_

        """
        return self._set_callback('blocksize', callback)

    def set_samplerate_callback(
            self, callback: _abc.Callable[[int], object]) -> _t.Any:
        """Have a function called when the server's sample rate changes.

        See `set_freewheel_callback` for what it may do.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(samplerate: int) -> None``; may raise `CallbackExit`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        samplerate

        Examples
        --------
        >>> import jack, queue
        >>> client = jack.Client('tuned')
        >>> rates = queue.SimpleQueue()
        >>> @client.set_samplerate_callback
        ... def samplerate(rate):
        ...     rates.put(rate)
        >>> client.close()

        Calls: `jack_set_sample_rate_callback`_

        """
        return self._set_callback('samplerate', callback)

    def set_client_registration_callback(
            self, callback: _abc.Callable[[str, bool], object]) -> _t.Any:
        """Have a function called when other clients come and go.

        See `set_freewheel_callback` for what it may do.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(name: str, register: bool) -> None``, where *register*
            tells whether the client called *name* comes or goes.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        Examples
        --------
        >>> import jack, queue
        >>> client = jack.Client('doorman')
        >>> news = queue.SimpleQueue()
        >>> @client.set_client_registration_callback
        ... def registration(name, register):
        ...     news.put((name, register))
        >>> client.activate()
        >>> jack.Client('guest').close()
        >>> ('guest', True) in [news.get(timeout=10) for _ in range(2)]
        True
        >>> client.close()

        Calls: `jack_set_client_registration_callback`_

        """
        return self._set_callback('client_registration', callback)

    def set_port_registration_callback(
            self, callback: _t.Any = None,
            only_available: bool = True) -> _t.Any:
        """Have a function called when ports come and go.

        See `set_freewheel_callback` for what it may do; reading a port's
        attributes is fine.  A port that is gone still tells its name, type,
        flags and UUID.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(port: Port, register: bool) -> None``, where
            *register* tells whether the port comes or goes.
        only_available
            If false, *callback* is also called when nothing is known of the
            port, which is `None` then.

        Returns
        -------
        callable
            *callback*, or a decorator if none is given.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        Ports.register

        Examples
        --------
        >>> import jack, queue
        >>> client = jack.Client('observer')
        >>> news = queue.SimpleQueue()
        >>> @client.set_port_registration_callback
        ... def registration(port, register):
        ...     news.put((port.name, register))
        >>> client.activate()
        >>> port = client.inports.register('in')
        >>> news.get(timeout=10)
        ('observer:in', True)
        >>> client.close()

        Calls: `jack_set_port_registration_callback`_

        """
        return self._set_port_callback('port_registration', callback,
                                       only_available)

    def set_port_connect_callback(
            self, callback: _t.Any = None,
            only_available: bool = True) -> _t.Any:
        """Have a function called when ports are connected or disconnected.

        See `set_port_registration_callback` for what it may do.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(a: Port, b: Port, connect: bool) -> None``, where
            *connect* tells whether the connection comes or goes.
        only_available
            If false, *callback* is also called when nothing is known of a
            port, which is `None` then.

        Returns
        -------
        callable
            *callback*, or a decorator if none is given.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        connect, OwnPort.connect

        Examples
        --------
        >>> import jack, queue
        >>> client = jack.Client('spy')
        >>> source = client.outports.register('out')
        >>> sink = client.inports.register('in')
        >>> news = queue.SimpleQueue()
        >>> @client.set_port_connect_callback
        ... def connected(a, b, connect):
        ...     news.put((a.name, b.name, connect))
        >>> client.activate()
        >>> source.connect(sink)
        >>> news.get(timeout=10)
        ('spy:out', 'spy:in', True)
        >>> client.close()

        Calls: `jack_set_port_connect_callback`_

        """
        return self._set_port_callback('port_connect', callback,
                                       only_available)

    def set_port_rename_callback(
            self, callback: _t.Any = None,
            only_available: bool = True) -> _t.Any:
        """Have a function called when ports are renamed.

        See `set_port_registration_callback` for what it may do.  Of the
        servers, only JACK 2 tells of this, and not always of a name that has
        been taken back a moment later.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(port: Port, old: str, new: str) -> None``, with full
            names.  May raise `CallbackExit`.
        only_available
            If false, *callback* is also called when nothing is known of the
            port, which is `None` then.

        Returns
        -------
        callable
            *callback*, or a decorator if none is given.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        Port.shortname

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('registrar')
        >>> @client.set_port_rename_callback
        ... def renamed(port, old, new):
        ...     print(f'{old} is called {new} now')
        >>> client.close()

        Calls: `jack_set_port_rename_callback`_

        """
        return self._set_port_callback('port_rename', callback,
                                       only_available)

    def set_graph_order_callback(
            self, callback: _abc.Callable[[], object]) -> _t.Any:
        """Have a function called when the graph is sorted anew.

        See `set_freewheel_callback` for what it may do.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback() -> None``; may raise `CallbackExit`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('sorter')
        >>> @client.set_graph_order_callback
        ... def graph_order():
        ...     print('somebody has changed a cable')
        >>> client.close()

        Calls: `jack_set_graph_order_callback`_

        """
        return self._set_callback('graph_order', callback)

    def set_xrun_callback(self, callback: _t.Any,
                          userdata: _t.Any = None) -> _t.Any:
        """Have a function called when the graph was late.

        See `set_freewheel_callback` for what it may do.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(delayed_usecs: float) -> None``, with the delay in
            microseconds.  May raise `CallbackExit`.  Or a native function,
            ``int callback(void *)``; `xrun_count` does not count then.
        userdata
            For a native function, see `set_process_callback`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called, or *userdata* cannot be passed.
        JackError
            If the client is active.

        See Also
        --------
        xrun_count

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('critic')
        >>> @client.set_xrun_callback
        ... def xrun(delayed_usecs):
        ...     print(f'a gap: late by {delayed_usecs / 1000} ms')
        >>> client.close()

        Calls: `jack_set_xrun_callback`_, `jack_get_xrun_delayed_usecs`_

        """
        return self._set_callback('xrun', callback, userdata)

    def set_latency_callback(
            self, callback: _abc.Callable[[int], object]) -> _t.Any:
        """Have a function called when latencies have to be computed.

        Only for a client that delays what passes through.  Without this
        callback libjack assumes that each output's latency comes from all
        inputs; with it, that is up to *callback*.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(mode: int) -> None``.  For `CAPTURE_LATENCY` it should
            read the inputs' ranges and set the outputs', for
            `PLAYBACK_LATENCY` the other way round, with the own delay added.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        Port.get_latency_range, OwnPort.set_latency_range

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('delayer')
        >>> source = client.inports.register('in')
        >>> sink = client.outports.register('out')
        >>> delay = 64
        >>> @client.set_latency_callback
        ... def latency(mode):
        ...     a, b = source, sink
        ...     if mode == jack.PLAYBACK_LATENCY:
        ...         a, b = sink, source
        ...     shortest, longest = a.get_latency_range(mode)
        ...     b.set_latency_range(mode, shortest + delay, longest + delay)
        >>> client.close()

        Calls: `jack_set_latency_callback`_

        """
        return self._set_callback('latency', callback)

    def set_property_change_callback(
            self, callback: _abc.Callable[[int, str, int], object]
            ) -> _t.Any:
        """Have a function called when metadata changes.

        See `set_freewheel_callback` for what it may do.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(subject: int, key: str, change: int) -> None``, where
            *change* is `PROPERTY_CREATED`, `PROPERTY_CHANGED` or
            `PROPERTY_DELETED`, and *key* is empty when all keys are
            concerned.  (On JACK, `remove_properties` tells of each of them.)

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        See Also
        --------
        set_property

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('reader')
        >>> @client.set_property_change_callback
        ... def changed(subject, key, change):
        ...     if change == jack.PROPERTY_CHANGED:
        ...         print('changed:', key)
        >>> client.close()

        Calls: `jack_set_property_change_callback`_

        """
        return self._set_callback('property_change', callback)

    def set_timebase_callback(self, callback: _t.Any = None,
                              conditional: bool = False,
                              userdata: _t.Any = None) -> _t.Any:
        """Become the timebase master.

        The master supplies musical time (bar, beat, tick) or timecode with
        each position.  There is one at most: whoever asks last has it.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(state, blocksize, pos, new_pos) -> None``.  Runs in
            the process thread right after the process callback while the
            transport rolls, and whenever there is a new position.

            *state* (int)
                As `transport_state`.
            *blocksize* (int)
                Frames in this cycle.
            *pos* (``jack_position_t``)
                The position of the next cycle, ``pos.frame`` being its first
                frame.  Fill the other fields in and set their bits in
                ``pos.valid``; the frame itself cannot be changed here.
            *new_pos* (bool)
                Whether somebody has just moved the transport; otherwise the
                fields are those of the current cycle.

            Or a native function with the signature of the C type
            ``JackTimebaseCallback``.
        conditional
            Leave it if there is a master already.
        userdata
            For a native function, see `set_process_callback`.

        Returns
        -------
        bool
            Whether this client is the master now; it is not if
            *conditional* and there was one.  Without *callback*, a
            decorator.

        Raises
        ------
        JackErrorCode
            If the server refuses for another reason.
        TypeError
            If *callback* cannot be called, or *userdata* cannot be passed.

        See Also
        --------
        release_timebase

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('conductor')
        >>> @client.set_timebase_callback
        ... def timebase(state, blocksize, pos, new_pos):
        ...     beats = pos.frame * 2 / client.samplerate     # 120 per minute
        ...     pos.bar, pos.beat = int(beats // 4) + 1, int(beats % 4) + 1
        ...     pos.tick = int(beats % 1 * 960)
        ...     pos.beats_per_bar = pos.beat_type = 4
        ...     pos.ticks_per_beat = 960
        ...     pos.beats_per_minute = 120
        ...     pos.valid = jack.POSITION_BBT
        >>> client.close()

        Calls: `jack_set_timebase_callback`_

        """
        if callback is None:
            self._core.require()
            return lambda function: self.set_timebase_callback(
                function, conditional, userdata)
        core = self._core
        native = _native_function(callback, 'JackTimebaseCallback', userdata)
        with core.changing():
            ptr = core.require()
            try:
                with self._cycle_callback(
                        'timebase', callback, native, 'JackTimebaseCallback',
                        _on_timebase, None) as (pointer, arg):
                    _check(_lib.jack_set_timebase_callback(
                        ptr, bool(conditional), pointer, arg),
                        'cannot become the timebase master')
            except JackErrorCode as error:
                if conditional and error.code in (_errno.EBUSY, -1):
                    return False
                raise
        return True

    def set_sync_callback(self, callback: _t.Any,
                          userdata: _t.Any = None) -> _t.Any:
        """Be a slow-sync client, which the transport waits for.

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(state: int, pos: jack_position_t) -> bool``.  Called
            in the process thread, just before the process callback, when the
            transport is about to start or has been moved.  It
            returns whether this client is ready for *pos*; the transport
            stays `STARTING` until all are, or until the time set with
            `set_sync_timeout` is over.  An exception means: never ready.

            Or a native function with the signature of the C type
            ``JackSyncCallback``.  `None` ends it.
        userdata
            For a native function, see `set_process_callback`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        JackErrorCode
            If the server refuses.
        TypeError
            If *callback* cannot be called, or *userdata* cannot be passed.

        Examples
        --------
        >>> import jack, threading
        >>> client = jack.Client('sampler')
        >>> loaded = threading.Event()      # another thread sets it
        >>> @client.set_sync_callback
        ... def sync(state, position):
        ...     return loaded.is_set()
        >>> client.close()

        Calls: `jack_set_sync_callback`_

        """
        core = self._core
        native = (None if callback is None else _native_function(
            callback, 'JackSyncCallback', userdata))
        with core.changing():
            ptr = core.require()
            if callback is None:
                if 'sync' in core.functions:    # JACK 1 insists on it.
                    _check(_lib.jack_set_sync_callback(
                        ptr, _ffi.cast('JackSyncCallback', 0), _NULL),
                        'cannot unset the sync callback')
                    del core.functions['sync']
                return None
            with self._cycle_callback(
                    'sync', callback, native, 'JackSyncCallback', _on_sync,
                    0) as (pointer, arg):
                _check(_lib.jack_set_sync_callback(ptr, pointer, arg),
                       'cannot set the sync callback')
        return callback

    @_contextlib.contextmanager
    def _cycle_callback(self, name: str, callback: _t.Any,
                        native: _NativeFunction | None, cdecl: str,
                        adapter: _abc.Callable[..., _t.Any],
                        result: int | None) -> _t.Iterator[tuple[_t.Any,
                                                                 _t.Any]]:
        """Prepare a callback that runs within the process cycle."""
        core = self._core
        if native is None:
            _callable(callback)
            if name not in core.trampolines:
                core.trampoline(name, cdecl, adapter, result, result)
        else:
            core.kept.append(native)
        with core.replacing(name, native or callback):
            self._require_cycle(is_native=native is not None)
            yield ((core.trampolines[name], _NULL) if native is None
                   else (native.pointer, native.arg))

    def set_session_callback(
            self, callback: _abc.Callable[[SessionEvent], object]) -> _t.Any:
        """Have a function called when a session is to be saved.

        .. deprecated:: 1.0.0
            JACK's sessions gave way to the New Session Manager (NSM).

        Not realtime-safe.

        Parameters
        ----------
        callback
            ``callback(event: SessionEvent) -> None``.  Save, fill the event
            in, and give it to `session_reply`.

        Returns
        -------
        callable
            *callback*, so that this method serves as a decorator.

        Raises
        ------
        TypeError
            If *callback* cannot be called.
        JackError
            If the client is active.

        Notes
        -----
        Calls: `jack_set_session_callback`_

        """
        return self._set_callback('session', callback)

    def _set_callback(self, name: str, callback: _t.Any,
                      userdata: _t.Any = None) -> _t.Any:
        native = None
        if name in ('xrun', 'thread_init'):
            native = _native_function(callback, _NOTIFICATIONS[name].cdecl,
                                      userdata)
        if native is None:
            _callable(callback)
        core = self._core
        with core.changing():
            self._require_inactive(name)
            core.install(name, native or callback)
        return callback

    def _set_port_callback(self, name: str, callback: _t.Any,
                           only_available: bool) -> _t.Any:
        if callback is None:
            self._core.require()
            return lambda function: self._set_port_callback(
                name, function, only_available)
        _callable(callback)
        core = self._core
        with core.changing():
            self._require_inactive(name)
            core.install(name, (callback, only_available))
        return callback

    def _require_inactive(self, name: str) -> None:
        core = self._core
        core.require()
        if core.active:
            raise JackError(
                f'the {name.replace("_", " ")} callback of client '
                f'{core.name!r} cannot be set while it is active: call '
                'deactivate() first')

    def _require_cycle(self, is_native: bool) -> None:
        """Take part in the cycle when sync or timebase callbacks need it."""
        core = self._core
        is_there = (core.cyclic if is_native or _IMPLEMENTATION == 'JACK 1'
                    else core.runner is not None)
        if is_there or not core.active:
            return
        # A copy: other threads may register ports meanwhile.
        ports = [ref() for ref in core.own.valuerefs()]
        if any(port and port.number_of_connections for port in ports):
            raise JackError(
                f'client {core.name!r} was activated without a process '
                'callback; to set this one, deactivate() it first (its '
                'connections are lost then)')
        self.deactivate(ignore_errors=False)
        self.activate()

    def _callback(self, cdecl: str, **kwargs: _t.Any) -> _t.Any:
        """Make a decorator for C callbacks that live as long as the client.

        For functions of libjack that are called by way of ``jack._lib``.
        """
        def decorator(function: _t.Any) -> _t.Any:
            callback = _ffi.callback(cdecl, function, **kwargs)
            self._core.kept.append(callback)
            return callback
        return decorator

    # -- Metadata

    def get_uuid_for_client_name(self, name: str) -> str:
        """Return the UUID of the client of that name, a str.

        Not realtime-safe.

        Parameters
        ----------
        name
            The client's name.

        Returns
        -------
        str
            A decimal number.

        Raises
        ------
        JackError
            If there is no such client.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('someone')
        >>> uuid = client.get_uuid_for_client_name('someone')
        >>> client.get_client_name_by_uuid(uuid)
        'someone'
        >>> client.close()

        Calls: `jack_get_uuid_for_client_name`_

        """
        return _take_string(_not_null(
            self._look_up(_lib.jack_get_uuid_for_client_name,
                          _encode_name(name, 'name')),
            f'there is no client {name!r}'))

    def get_client_name_by_uuid(self, uuid: str) -> str:
        """Return the name of the client with that UUID.

        Not realtime-safe.

        Parameters
        ----------
        uuid
            A decimal number as a str, as in `uuid`.

        Returns
        -------
        str
            The client's name.

        Raises
        ------
        JackError
            If there is no such client.

        Notes
        -----
        Calls: `jack_get_client_name_by_uuid`_

        """
        return _take_string(_not_null(
            self._look_up(_lib.jack_get_client_name_by_uuid,
                          _encode_name(uuid, 'uuid')),
            f'there is no client with the UUID {uuid!r}'))

    def set_property(self, subject: _Subject, key: str, value: str | bytes,
                     type: str | bytes = '') -> None:
        """Set a metadata property.

        Not realtime-safe.

        Parameters
        ----------
        subject
            What it is a property of: a `Client`, a `Port`, or the UUID of
            one as int or str.
        key
            A URI, such as `METADATA_PRETTY_NAME`; on JACK 2, of 256 bytes at
            most.
        value
            Text, or bytes of UTF-8, without null characters; not empty.  On
            PipeWire, almost 16 MiB at most, with *key* and *type*.
        type
            A MIME type or the URI of a datatype, str or bytes; empty for
            plain text.

        Raises
        ------
        JackError
            If the server refuses, or *value* is empty, or something is too
            long for it (a `ValueError` as well).
        TypeError, ValueError
            If an argument is something else.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('labels')
        >>> port = client.outports.register('out_1')
        >>> client.set_property(port, jack.METADATA_PRETTY_NAME, 'Stage left')
        >>> jack.get_property(port, jack.METADATA_PRETTY_NAME)
        (b'Stage left', '')
        >>> client.remove_property(port, jack.METADATA_PRETTY_NAME)
        >>> client.close()

        Calls: `jack_set_property`_

        """
        uuid = _subject(subject)
        data, kind = _encode_data(value, 'value'), _encode_data(type, 'type')
        if _IMPLEMENTATION == 'JACK 1' and len(data) < 3 and not kind:
            # It does not find such short ones again without their type.
            kind = b'text/plain'
        message = f'cannot set property {key!r} of {uuid}'
        # PipeWire would keep it.
        _check_as(_JackValueError, not data,
                  f'{message}: value must not be empty')
        ptr, name = self._ptr, _encode_name(key, 'key')
        if _IMPLEMENTATION == 'JACK 2' and len(name) > _LONGEST_KEY:
            raise _JackValueError(
                f'key is too long: {len(name)} bytes, at most {_LONGEST_KEY} '
                'will do (of a longer one, JACK 2 tells others the beginning)')
        size = len(name) + len(data) + len(kind)
        if _IMPLEMENTATION == 'PipeWire' and size > _LARGEST_PROPERTY:
            raise _JackValueError(
                f'key, value and type are too long: {size} bytes, at most '
                f'{_LARGEST_PROPERTY} will do (PipeWire would end the client)')
        _require_database()
        _check_as(_JackValueError, _lib.jack_set_property(
            ptr, uuid, name, data, kind), message)
        if _EARLY_PIPEWIRE and not _on_jack_thread():
            # It shows the former value until the server has told the change.
            known = data, kind.decode('utf-8', 'surrogateescape')
            _until(lambda: get_property(uuid, key) == known)

    def remove_property(self, subject: _Subject, key: str) -> None:
        """Remove one property of a subject.

        Not realtime-safe.

        Parameters
        ----------
        subject, key
            See `set_property`.

        Raises
        ------
        JackError
            If there is none (a `ValueError` as well).

        Notes
        -----
        Calls: `jack_remove_property`_

        """
        ptr = self._ptr
        uuid, data = _subject(subject), _encode_name(key, 'key')
        message = f'cannot remove property {key!r} of {uuid}'
        # PipeWire does not say so.
        _check_as(_JackValueError, _IMPLEMENTATION == 'PipeWire'
                  and get_property(uuid, key) is None, message)
        _require_database()
        _check_as(_JackValueError,
                  _lib.jack_remove_property(ptr, uuid, data), message)

    def remove_properties(self, subject: _Subject) -> int:
        """Remove all properties of a subject.

        Not realtime-safe.

        Parameters
        ----------
        subject
            See `set_property`.

        Returns
        -------
        int
            How many there were.

        Raises
        ------
        JackError
            If the server refuses (a `RuntimeError` as well).

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('tidy')
        >>> client.set_property(client, jack.METADATA_ICON_NAME, 'broom')
        >>> client.remove_properties(client)
        1
        >>> client.close()

        Calls: `jack_remove_properties`_, `jack_remove_property`_

        """
        ptr, uuid = self._ptr, _subject(subject)
        properties = get_properties(uuid)
        if _IMPLEMENTATION != 'PipeWire':
            # JACK's function for this may wait for that of another program,
            # and all others with them, for ever.
            removed = sum(
                not _lib.jack_remove_property(ptr, uuid, _encode(key, 'key'))
                for key in properties)
            # Others may have removed some of them meanwhile.
            failed = removed < len(properties) and bool(
                properties.keys() & get_properties(uuid).keys())
        else:
            failed = _lib.jack_remove_properties(ptr, uuid) < 0
            removed = len(properties)
        _check_as(_JackRuntimeError, failed,
                  f'cannot remove the properties of {uuid}')
        return removed

    def remove_all_properties(self) -> None:
        """Remove all properties on the whole server.

        Not realtime-safe.

        Raises
        ------
        JackError
            If the server refuses (a `RuntimeError` as well).

        Notes
        -----
        Calls: `jack_remove_all_properties`_

        """
        ptr = self._ptr
        _require_database()
        _check_as(_JackRuntimeError, _lib.jack_remove_all_properties(ptr),
                  'cannot remove all properties')

    # -- Latency and time

    def recompute_total_latencies(self) -> None:
        """Have the latencies of the whole graph computed again.

        To be called when a delay has changed; see `set_latency_callback`.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Notes
        -----
        Calls: `jack_recompute_total_latencies`_

        """
        _check(_lib.jack_recompute_total_latencies(self._ptr),
               'cannot recompute the latencies')

    @property
    def frames_since_cycle_start(self) -> int:
        """Frames from the beginning of the current cycle until now.

        An estimate.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_frames_since_cycle_start`_

        """
        return _lib.jack_frames_since_cycle_start(self._ptr)

    @property
    def frame_time(self) -> int:
        """The time now in frames, estimated; for any thread but JACK's.

        Comparable with `last_frame_time`.

        Realtime-safe.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('watch')
        >>> start = client.frame_time
        >>> elapsed = client.frame_time - start
        >>> 0 <= elapsed < client.samplerate        # within a second
        True
        >>> client.close()

        Calls: `jack_frame_time`_

        """
        return _lib.jack_frame_time(self._ptr)

    @property
    def last_frame_time(self) -> int:
        """The time in frames at which the current cycle began, exactly.

        Realtime-safe.  Of use in the process callback; elsewhere the current
        cycle may be over at any moment.  It grows by the blocksize from cycle
        to cycle; it jumps only where an xrun made cycles fall out.  A callback
        that is late by a whole cycle may be told when the next one began, and
        so is that one's callback then.

        Notes
        -----
        Calls: `jack_last_frame_time`_

        """
        return _lib.jack_last_frame_time(self._ptr)

    @_LaterProperty
    def cycle_times(self) -> CycleTimes:
        """When the current cycle began and when the next one will.

        Realtime-safe.  Of use in the process callback, as `last_frame_time`.
        A named tuple: *current_frames*, and in microseconds *current_usecs*,
        *next_usecs* and *period_usecs*.

        Raises
        ------
        JackErrorCode
            If the server has no such times yet.

        Examples
        --------
        >>> import jack, queue
        >>> client = jack.Client('precise')
        >>> measured = queue.SimpleQueue()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     measured.put(client.cycle_times)
        >>> with client:
        ...     times = measured.get(timeout=10)
        >>> times.next_usecs > times.current_usecs
        True

        Calls: `jack_get_cycle_times`_

        """
        code, times = _cycle_times(self._ptr)
        _check(code, 'cannot get the cycle times')
        return times

    def frames_to_time(self, frames: int) -> int:
        """Convert a time in frames to microseconds.

        Realtime-safe.

        Parameters
        ----------
        frames
            As `frame_time` gives it.

        Returns
        -------
        int
            Comparable with `get_time`.

        Raises
        ------
        TypeError, ValueError
            If *frames* is not such a number.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('converter')
        >>> now = client.frames_to_time(client.frame_time)
        >>> client.close()

        Calls: `jack_frames_to_time`_

        """
        ptr, number = self._ptr, _integer(frames, 'frames')
        if _EARLY_PIPEWIRE and (line := _early_clock(ptr)):
            start, usecs, period = line
            age = (start - number + 2**31) % 2**32 - 2**31
            return (usecs - round(age * period)) % 2**64
        return int(_lib.jack_frames_to_time(ptr, number))

    def time_to_frames(self, usecs: int) -> int:
        """Convert a time in microseconds to frames.

        Realtime-safe.

        Parameters
        ----------
        usecs
            As `get_time` gives it.

        Returns
        -------
        int
            Comparable with `frame_time`.

        Raises
        ------
        TypeError, ValueError
            If *usecs* is not such a number.

        Notes
        -----
        Calls: `jack_time_to_frames`_

        """
        ptr, number = self._ptr, _integer(usecs, 'usecs', 64)
        if _EARLY_PIPEWIRE and (line := _early_clock(ptr)):
            start, begin, period = line
            return (start + round((number - begin) / period)) % 2**32
        return int(_lib.jack_time_to_frames(ptr, number))

    @_LaterProperty
    def xrun_count(self) -> int:
        """How many xruns there were while this client was active.

        Realtime-safe.
        """
        return self._core.count_xruns()

    @_LaterProperty
    def max_delayed_usecs(self) -> float:
        """The longest delay of a cycle so far, in microseconds.

        Realtime-safe.

        See Also
        --------
        reset_max_delayed_usecs

        Notes
        -----
        Calls: `jack_get_max_delayed_usecs`_

        """
        return float(_lib.jack_get_max_delayed_usecs(self._ptr))

    def reset_max_delayed_usecs(self) -> None:
        """Let `max_delayed_usecs` begin at zero again.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_reset_max_delayed_usecs`_

        """
        _lib.jack_reset_max_delayed_usecs(self._ptr)

    # -- Internal clients

    def load_internal_client(self, name: str, library: str,
                             init: str = '') -> InternalClient:
        """Load a client into the server's process.

        Not realtime-safe.

        Parameters
        ----------
        name
            The new client's name; the server may make another one of it.
        library
            The module's name, such as ``'netmanager'``.
        init
            What the module gets as its arguments; at most 1023 bytes.
            Those with spaces go into quotation marks, ``"``.

        Returns
        -------
        InternalClient
            The new client; it stays when your program ends.

        Raises
        ------
        JackError
            If it cannot be loaded; the text tells the status.
        ValueError
            If *init* is too long, or JACK 2's server would end by it.

        Notes
        -----
        Calls: `jack_internal_client_load`_

        """
        ptr = self._ptr
        options = _lib.JackLoadName
        extra = [_ffi.new('char[]', _encode_name(library, 'library'))]
        # The argument parser of JACK 2's modules takes the server down when
        # there is a space at the end or a quotation mark without its twin,
        # and by an argument that is empty, or a dash beside such a mark.
        data = _encode(init, 'init').rstrip(b' ')
        parts = data.split(b'"')[:-1]
        if len(parts) % 2:
            raise ValueError('init has an odd number of quotation marks: '
                             f'{init!r}')
        quoted = parts[1::2]
        before = [part.rpartition(b' ')[2] for part in parts[::2]]
        if b'' in quoted or b'-' in quoted + before:
            raise ValueError('init must not have quotation marks with nothing '
                             'or only a dash between them, or directly after '
                             f'a dash: {init!r}')
        if len(data) > 1023:
            raise ValueError(f'init is too long: {len(data)} bytes, at most '
                             '1023 will do')
        if data:
            options |= _lib.JackLoadInit
            extra.append(_ffi.new('char[]', data))
        name_bytes = _encode_name(name, 'name')
        if len(name_bytes) >= client_name_size():
            raise JackError(f'cannot load internal client {name!r}: the name '
                            f'is too long, {client_name_size() - 1} bytes '
                            'are the most')
        _require_internal_clients()
        status = _ffi.new('jack_status_t *')
        handle = _lib.jack_internal_client_load(
            ptr, name_bytes, options, status, *extra)
        if not handle or status[0] & _lib.JackFailure:
            reason = repr(Status(status[0])) if status[0] else (
                'the server gave no reason, perhaps as the module has taken '
                'it down')
            raise JackError(f'cannot load internal client {name!r} from '
                            f'{library!r}: {reason}')
        # Just once: JACK 2's server aborts when it is asked for the name of
        # a handle that has become invalid.
        given = _take_string(_not_null(
            _lib.jack_get_internal_client_name(ptr, handle),
            f'internal client {name!r} has gone at once'))
        return InternalClient(self, handle, given)

    def get_internal_client(self, name: str) -> InternalClient:
        """Find an internal client by its name.

        Not realtime-safe.

        Parameters
        ----------
        name
            What `InternalClient.name` is.

        Returns
        -------
        InternalClient
            Another object for the same client.

        Raises
        ------
        JackError
            If there is none.

        Notes
        -----
        Calls: `jack_internal_client_handle`_

        """
        ptr, name_bytes = self._ptr, _encode_name(name, 'name')
        _require_internal_clients()
        status = _ffi.new('jack_status_t *')
        handle = _lib.jack_internal_client_handle(ptr, name_bytes, status)
        if not handle or status[0] & _lib.JackFailure:
            raise JackError(f'there is no internal client {name!r}: '
                            f'{Status(status[0])!r}')
        return InternalClient(self, handle, name)

    # -- Sessions (deprecated by JACK in favour of NSM)

    def session_notify(self, type: int, path: str, target: str | None = None
                       ) -> list[SessionCommand]:
        """Ask clients to save themselves, as a session manager does.

        .. deprecated:: 1.0.0
            JACK's sessions gave way to the New Session Manager (NSM).

        Not realtime-safe.

        Parameters
        ----------
        type
            1 to save, 2 to save and quit, 3 to save a template.
        path
            The folder of the session, with a slash at its end: 191 bytes at
            most, or 254 less those of *target*.
        target
            One client's name; all by default.

        Returns
        -------
        list of SessionCommand
            The answers.

        Raises
        ------
        JackErrorCode
            If the server refuses.
        JackError
            If a client does not answer within 15 seconds.  Go on until it
            has: JACK 2's server crashes when an answer comes after the end
            of the program that has asked.
        TypeError, ValueError
            If an argument is something else.

        Notes
        -----
        Calls: `jack_session_notify`_

        """
        kind, folder = _integer(type, 'type', 31), _encode_name(path, 'path')
        client = b'' if target is None else _encode_name(target, 'target')
        # Each client gets a folder of its name in there, with a slash at the
        # end; JACK 2's names have 63 bytes at most, JACK 1's fewer.
        limit = _LONGEST_IN_SESSION - 1 - (len(client) or 63)
        if len(folder) > limit:
            raise ValueError(f'path is too long: {len(folder)} bytes, at most '
                             f'{limit} will do, and the more the shorter the '
                             'name of target is')
        commands = _not_null(_lib.jack_session_notify(
            self._ptr, client or _NULL, kind, folder),
            'the session event was refused')
        answers: list[SessionCommand] = []
        while commands[len(answers)].uuid != _NULL:
            command = commands[len(answers)]
            answers.append(SessionCommand(
                _string(command.uuid), _string(command.client_name),
                _string(command.command), int(command.flags)))
        _lib.jack_session_commands_free(commands)
        return answers

    def session_reply(self, event: SessionEvent) -> None:
        """Answer a session event, once.

        .. deprecated:: 1.0.0
            JACK's sessions gave way to the New Session Manager (NSM).

        Not realtime-safe.

        Parameters
        ----------
        event
            What the session callback was called with, filled in; its
            *command_line* may have 255 bytes.

        Raises
        ------
        JackError
            If it was answered before, or the server refuses.
        TypeError, ValueError
            If *event*, or something in it, is something else.

        Notes
        -----
        Calls: `jack_session_reply`_

        """
        if not isinstance(event, SessionEvent):
            raise TypeError('event must be a SessionEvent, '
                            f'not {type(event).__name__}')
        ptr = self._ptr
        if event._core is not self._core:
            # JACK 2's server dies of an answer that it doesn't wait for.
            raise JackError('this session event was sent to another client')
        command = _encode(event.command_line, 'command_line')
        if len(command) > _LONGEST_IN_SESSION:
            raise ValueError(f'command_line is too long: {len(command)} '
                             f'bytes, at most {_LONGEST_IN_SESSION} will do')
        flags = _integer(event.flags, 'flags', 31)
        if not _taken(event._token):
            raise JackError('this session event has been answered already')
        self._answer(ptr, event, flags, command)

    def _answer(self, ptr: _t.Any, event: SessionEvent, flags: int,
                command: bytes) -> None:
        event._ptr.flags = flags
        _check(_bounded('jack_session_reply', _reply)(
            ptr, event, _ffi.new('char[]', command)),
            'cannot answer the session event')

    def reserve_client_name(self, name: str, uuid: str) -> None:
        """Keep a name for the client that will open with that session ID.

        .. deprecated:: 1.0.0
            JACK's sessions gave way to the New Session Manager (NSM).

        Not realtime-safe.

        Parameters
        ----------
        name
            The client's name.
        uuid
            Its *session_id*.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Notes
        -----
        Calls: `jack_reserve_client_name`_

        """
        _check(_lib.jack_reserve_client_name(
            self._ptr, _encode_name(name, 'name'),
            _encode_name(uuid, 'uuid')), f'cannot reserve {name!r}')
        if _IMPLEMENTATION == 'PipeWire':
            # It does nothing, and says that it has.
            raise JackError(f'PipeWire cannot reserve {name!r}')

    def has_session_callback(self, name: str) -> bool:
        """Tell whether a client takes part in sessions.

        .. deprecated:: 1.0.0
            JACK's sessions gave way to the New Session Manager (NSM).

        Not realtime-safe.

        Parameters
        ----------
        name
            The client's name.

        Returns
        -------
        bool
            Whether it has called `set_session_callback`, or the like in C.

        Raises
        ------
        JackErrorCode
            If there is no such client.

        Notes
        -----
        Calls: `jack_client_has_session_callback`_

        """
        code = _lib.jack_client_has_session_callback(
            self._ptr, _encode_name(name, 'name'))
        _check(code if code < 0 else 0, f'there is no client {name!r}')
        return bool(code)


# The names of two ports, whether they were connected or disconnected, and
# until when that may be yet to be seen.
_Patch = tuple[bytes, bytes, bool, float]

#: What was done last on each server.
_last_patches: dict[str, _Patch] = {}


def _close_unwanted(opened: list[_t.Any], connections: list[int]) -> None:
    """Close a client that nobody has waited for."""
    _watch.forget(connections)
    if opened:
        try:
            _lib.jack_client_close(opened.pop())
        finally:
            _reserved.pop(id(opened), None)


def _is_served() -> bool:
    """Tell whether there is a client, and a server that answers it.

    All together takes less than 5 s, whatever other threads do to clients.
    """
    cores = _cores()
    deadline = _time.monotonic() + _PATIENCE / 2
    # Those that other threads are about to change come last.
    for patience in 0.0, 1.0:
        for core in cores:
            left = max(0.0, deadline - _time.monotonic())
            try:
                with core.changing(patience * left):
                    if not core.end and core.ptr is not None:
                        return _is_answered(core)
            except _Occupied:
                if patience:
                    raise
    return False


def _close_bereaved(name: str) -> None:
    """Close the clients of a server that is gone, as another is opened.

    libjack 1.9.21 frees them at that point, whatever their threads are doing
    and whoever is going to close them.  If it has heard too late of the end,
    it does so to clients of the next server.
    """
    if _IMPLEMENTATION != 'JACK 2' or _is_served():
        return
    deadline = _time.monotonic() + _PATIENCE / 3
    for core in _cores():
        # The message that the server is gone may be on its way.
        while not core.end and _time.monotonic() < deadline:
            _time.sleep(0.001)
        if core.lost and not _interrupted(core):
            _dispose(core, only_in_c=True)
        # It may be closed already, as far as the user knows.
        while id(core) in _open_cores and _time.monotonic() < deadline:
            if core in _abandoned_cores and not _workers.is_asked(core.raw):
                _open_cores.pop(id(core), None)
            _time.sleep(0.001)
        if id(core) in _open_cores:
            reason = ('its callbacks and calls have returned'
                      if not _broken_off or core.end else 'you close it')
            raise JackError(
                f'cannot open client {name!r}: the JACK server of client '
                f'{core.name!r} is gone, and that one cannot be closed before '
                f'{reason}')


def _refuse_on_jack_thread(name: str, what: str) -> None:
    if _on_jack_thread():
        raise JackError(
            f'client {name!r} cannot be {what} within a JACK callback, as '
            'JACK would wait for that very thread: set a threading.Event '
            'there and do it in the main thread')


def _require_internal_clients() -> None:
    if _IMPLEMENTATION == 'JACK 1':
        raise JackError('JACK 1 has internal clients in its interface only: '
                        'it fails to load them, or crashes')


def _refuse_in_cycle(what: str) -> None:
    if _get_ident() in _cycle_threads:
        raise JackError(
            f'{what} cannot be changed within the process cycle, as the '
            'server waits for its end first: do it in another thread')


#: The names of the clients that are being opened and of their servers, in the
#: order in which that has begun.
_reserved: dict[int, tuple[str, str]] = {}


def _refuse_second_server(name: str, server: str, reservation: int) -> None:
    """JACK 2 shows the first server's graph to all clients of a process.

    Of several that are being opened the first one decides.
    """
    if _IMPLEMENTATION != 'JACK 2':
        return
    # In this order: what is there is in one of them at any time.
    earlier = tuple(_reserved.items())
    others = [(core.name, core.server) for core in _cores()
              if core.ptr is not None]
    for number, reserved in earlier:
        if number == reservation:
            break
        others.append(reserved)
    for other, others_server in others:
        if others_server != server:
            raise JackError(
                f'cannot open client {name!r} on JACK server {server!r}: this '
                f'process has client {other!r} on server {others_server!r}, '
                'and JACK 2 serves one server per process.  Close that one '
                'first, or use another process')


def _cycle_times(ptr: _t.Any) -> tuple[int, CycleTimes]:
    """Return jack_get_cycle_times()'s code, and what it has written."""
    frames = _ffi.new('jack_nframes_t *')
    now, then = _ffi.new('jack_time_t *'), _ffi.new('jack_time_t *')
    period = _ffi.new('float *')
    code = _lib.jack_get_cycle_times(ptr, frames, now, then, period)
    if not 0 < period[0] < float('inf'):
        # PipeWire 0.3 divides by what it does not know yet.
        code = code or -_errno.EAGAIN
    return code, CycleTimes(frames[0], now[0], then[0], period[0])


def _early_clock(ptr: _t.Any) -> tuple[int, int, float] | None:
    """Return where the current cycle began, and the length of a frame.

    In frames, and twice in microseconds; None before the first cycle.  For
    PipeWire 0.3.65, whose own conversions are wrong about what was before the
    current cycle: even about "now", when a cycle has begun meanwhile.
    """
    code, times = _cycle_times(ptr)
    if code:
        return None
    return (times.current_frames, times.current_usecs,
            times.period_usecs / _lib.jack_get_buffer_size(ptr))


def _copied_position(core: _Core, pos: _t.Any) -> _t.Any:
    """Make a struct of our own, which may be kept without harm."""
    mine = _ffi.new(_POSITION, pos[0])
    # It is whatever the memory held on JACK 2 after its first relocation.
    mine.frame_rate = _lib.jack_get_sample_rate(core.ptr)
    return mine


def _on_timebase(function: _t.Any, core: _Core, state: int, frames: int,
                 pos: _t.Any, new_pos: int) -> None:
    if function is None:
        return
    mine = _copied_position(core, pos)
    try:
        function(state, frames, mine, bool(new_pos))
    except BaseException:
        if core.functions.get('timebase') is function:
            # Nobody has replaced it meanwhile.
            core.functions['timebase'] = None
            _workers.hand_over(lambda: _give_up_timebase(core))
        raise
    mine.frame = pos.frame
    mine.unique_1, mine.unique_2 = pos.unique_1, pos.unique_2
    pos[0] = mine[0]


def _on_sync(function: _t.Any, core: _Core, state: int, pos: _t.Any) -> int:
    if function is None:
        return 0
    mine = _copied_position(core, pos)
    try:
        return int(bool(function(state, mine)))
    except BaseException:
        if core.functions.get('sync') is function:
            core.functions['sync'] = None
        raise


def _give_up_timebase(core: _Core) -> None:
    """Be the timebase master no longer, unless there is a function again."""
    if core.functions.get('timebase') is None:
        _lib.jack_release_timebase(core.require())


class InternalClient:
    """A client that runs inside the server's process.

    Made by `Client.load_internal_client` and `Client.get_internal_client`.
    """

    def __init__(self, client: Client, handle: int, name: str) -> None:
        _require_client(client)
        self._client = client
        self._core = client._core
        self._handle: int | None = handle
        self._name = name

    def __repr__(self) -> str:
        state = '' if self._handle is not None else ' unloaded'
        return f'<jack.InternalClient {self._name!r}{state}>'

    @property
    def name(self) -> str:
        """The name that the server has given to it.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_get_internal_client_name`_

        """
        return self._name

    def unload(self) -> None:
        """Remove it from the server.

        Not realtime-safe.

        Raises
        ------
        JackError
            If it is gone already.

        Notes
        -----
        Calls: `jack_internal_client_unload`_

        """
        if self._handle is None:
            raise JackError(f'internal client {self._name!r} has been '
                            'unloaded already')
        ptr = self._core.require()
        # JACK 2 gives the handle of one that is gone to the next one.
        if _lib.jack_internal_client_handle(
                ptr, _encode(self._name, 'name'),
                _ffi.new('jack_status_t *')) != self._handle:
            self._handle = None
            raise JackError(f'internal client {self._name!r} is gone: '
                            'somebody else has unloaded it')
        code = _lib.jack_internal_client_unload(ptr, self._handle)
        if code:
            raise JackErrorCode(
                f'cannot unload internal client {self._name!r}: '
                f'{Status(code)!r}', code)
        self._handle = None


# -- Ports --------------------------------------------------------------------

class Port:
    """An audio port of any client's.

    Not to be instantiated: `Client.get_ports`, `Client.get_port_by_name`,
    `Client.get_all_connections`, `OwnPort.connections` and the port callbacks
    return objects of this class or, according to type and owner, of
    `MidiPort`, `UnknownPort`, `OwnPort` and `OwnMidiPort`.

    A port object is a handle which is looked up by its name in each use.
    When the port is gone, that is a `JackError`, even if there is another one
    of its name by then.  (One out of a list of more than 40 ports notices that
    after its first use only.)  Two handles are equal when they mean the same
    port, and they can be dict keys.

    Parameters
    ----------
    port_ptr, client
        Private.

    Examples
    --------
    >>> import jack
    >>> client = jack.Client('browser')
    >>> port = client.get_ports(is_audio=True, is_physical=True)[0]
    >>> port.type
    '32 bit float mono audio'
    >>> port == client.get_port_by_name(port.name)
    True
    >>> client.close()

    """

    # What is known of a port that is gone, if it was found out to be so.
    _memory: _Memory | None = None
    # What was known of it when a callback was told of it.
    _known: _Memory | None = None
    _uuid: int | None = None

    def __init__(self, port_ptr: _t.Any, client: Client) -> None:
        if (not isinstance(port_ptr, _ffi.CData) or port_ptr == _NULL
                or _ffi.typeof(port_ptr) != _PORT):
            raise TypeError('port_ptr is private: ports are registered with '
                            'Ports.register() and found with '
                            'Client.get_ports()')
        _require_client(client)
        self._bytes = _ffi.string(_lib.jack_port_name(port_ptr))
        self._client = client
        self._core = client._core
        self._uuid = _uuid_of(port_ptr)

    @classmethod
    def _named(cls, name: bytes, client: Client) -> _t.Any:
        """Make a handle without asking libjack for anything."""
        self = cls.__new__(cls)
        self._bytes = name
        self._client = client
        self._core = client._core
        return self

    def __repr__(self) -> str:
        name = self._bytes.decode('utf-8', 'surrogateescape')
        return f'jack.{type(self).__name__}({name!r})'

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Port):
            return NotImplemented
        if self is other:
            return True
        if self._core.server != other._core.server:
            return False
        return (self._current() == other._current()
                and self._identity() == other._identity())

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(self._identity())

    def _current(self) -> bytes:
        """Return the full name, after all renamings that are known of."""
        renamed = self._core.renamed
        while self._memory is None:
            ptr, later = self._core.ptr, renamed.get(self._bytes)
            if later is None or not (
                    ptr is None or self._core.end or _lib.jack_port_by_name(
                        ptr, self._bytes) == _NULL):
                break
            self._bytes = later
        return self._bytes

    def _identity(self) -> int:
        """Return the UUID, remembered, or 0 if the port is gone already."""
        if self._uuid is None:
            if self._memory is not None:
                self._uuid = self._memory.uuid
            else:
                try:
                    self._resolve()
                except JackError:
                    self._uuid = 0
        return self._uuid or 0

    def _resolve(self) -> tuple[_t.Any, bytes]:
        """Look the port up; return its C pointer and its name."""
        core = self._core
        ptr = core.require()
        if self._memory is not None:
            raise JackError(f'{self._description()} is gone')
        port = _lib.jack_port_by_name(ptr, self._bytes)
        if port == _NULL and self._bytes in core.renamed:
            port = _lib.jack_port_by_name(ptr, self._current())
        if port == _NULL:
            raise JackError(
                f'{self._description()} is gone: it was unregistered, or '
                'renamed by its owner')
        uuid = _uuid_of(port)
        if self._uuid is None:
            self._uuid = uuid
        elif self._uuid != uuid:
            raise JackError(f'{self._description()} is gone; there is another '
                            'port of that name now')
        return port, self._bytes

    def _live_name(self) -> bytes:
        """Return the name that the port has just been found by.

        Where libjack keeps it there may be that of another one at any moment.
        """
        return self._resolve()[1]

    def _recall(self) -> _Memory | None:
        """Return what is remembered of the port, if it is gone."""
        if self._memory is None and self._known is not None:
            try:
                self._resolve()
            except JackError:
                if not self._core.end:
                    self._memory = self._known
        return self._memory

    def _description(self) -> str:
        return f'port {self._bytes.decode("utf-8", "replace")!r}'

    @property
    def _ptr(self) -> _t.Any:
        """The C pointer; `JackError` when the port is gone."""
        return self._resolve()[0]

    @property
    def name(self) -> str:
        """The full name, made of the client's name, a colon and `shortname`.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_name`_

        """
        try:
            name = self._live_name()
        except JackError:
            # In this order: it may go at any moment.
            memory = self._recall()
            if memory is None:
                raise
            name = memory.name
        return name.decode('utf-8', 'surrogateescape')

    @property
    def shortname(self) -> str:
        """The name without the client's; can be set.

        It must be unique among the client's ports.  What makes the full name
        too long is an error, see `Ports.register`.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the port cannot be renamed, as its name is taken.
        JackError
            If the name would be too long.
        TypeError, ValueError
            If it is set to something which is not a name.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('choir')
        >>> port = client.inports.register('voice')
        >>> port.shortname = 'soprano'
        >>> port.name
        'choir:soprano'
        >>> client.close()

        Calls: `jack_port_short_name`_, `jack_port_rename`_

        """
        return self.name.partition(':')[2]

    @shortname.setter
    def shortname(self, shortname: str) -> None:
        data = _encode_name(shortname, 'shortname')
        ptr, old = self._resolve()
        new = old.partition(b':')[0] + b':' + data
        message = f'cannot rename {self._description()} to {shortname!r}'
        _check_port_name(new, message)
        # PipeWire 0.3 goes on to find a port by its former name.
        if new != old and _lib.jack_port_by_name(
                self._core.ptr, new) not in (_NULL, ptr):
            raise JackErrorCode(f'{message}: the name is taken',
                                _errno.EEXIST)
        _check(_lib.jack_port_rename(self._core.ptr, ptr, data), message)
        new = _ffi.string(_lib.jack_port_name(ptr))
        # Whatever client of this process knows the port, it is the same one.
        for core in _cores():
            if core.server == self._core.server:
                core.rename(old, new)
        self._bytes = new

    @property
    def aliases(self) -> list[str]:
        """Up to two more names.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If they cannot be read.

        See Also
        --------
        set_alias, unset_alias

        Notes
        -----
        Calls: `jack_port_get_aliases`_

        """
        ptr = self._ptr
        size = port_name_size()
        buffers = [_ffi.new('char[]', size) for _ in range(2)]
        number = _lib.jack_port_get_aliases(
            ptr, _ffi.new('char *[2]', buffers))
        if number < 0:
            raise JackErrorCode(
                f'cannot get the aliases of {self._description()}', number)
        # JACK 2 may leave the first one empty and count the second as one, and
        # PipeWire 0.3 counts the port's name.
        name = (_ffi.string(_lib.jack_port_name(ptr))
                if _IMPLEMENTATION == 'PipeWire' else b'')
        return [_string(buffer) for buffer in buffers
                if _ffi.string(buffer) not in (b'', name)]

    def set_alias(self, alias: str) -> None:
        """Give the port one more name, of two at most.

        Not realtime-safe.

        Parameters
        ----------
        alias
            Where a port's name is asked for, this one does it as well.

        Raises
        ------
        JackErrorCode
            If it has two aliases.
        JackError
            If the name is too long.
        TypeError, ValueError
            If *alias* is not a name.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('stage')
        >>> port = client.inports.register('in_7')
        >>> port.set_alias('trumpet')
        >>> 'trumpet' in port.aliases
        True
        >>> client.get_port_by_name('trumpet') == port
        True
        >>> port.unset_alias('trumpet')
        >>> client.close()

        Calls: `jack_port_set_alias`_

        """
        data = _encode_name(alias, 'alias')
        if len(data) >= port_name_size():
            raise JackError(f'alias is too long: {len(data)} bytes, at most '
                            f'{port_name_size() - 1} will do')
        _check(_lib.jack_port_set_alias(self._ptr, data),
               f'cannot give {self._description()} the alias {alias!r}; '
               'a port can have two')

    def unset_alias(self, alias: str) -> None:
        """Take an alias away.

        Not realtime-safe.

        Parameters
        ----------
        alias
            One of `aliases`.

        Raises
        ------
        JackErrorCode
            If the port has no such alias.

        Notes
        -----
        Calls: `jack_port_unset_alias`_

        """
        data = _encode_name(alias, 'alias')
        _check(_lib.jack_port_unset_alias(self._ptr, data),
               f'{self._description()} has no alias {alias!r}')

    @property
    def type(self) -> str:
        """What kind of data flows: ``'32 bit float mono audio'``, say.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_type`_

        """
        memory = self._recall()
        if memory is not None:
            return memory.type
        return _string(_lib.jack_port_type(self._ptr))

    @property
    def type_id(self) -> int:
        """The server's number for the type.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_type_id`_

        """
        return int(_lib.jack_port_type_id(self._ptr))

    @property
    def uuid(self) -> int:
        """The port's UUID, a number.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_uuid`_

        """
        memory = self._recall()
        if memory is not None:
            return memory.uuid
        return int(_lib.jack_port_uuid(self._ptr))

    @property
    def flags(self) -> PortFlags:
        """What the port is and can do.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_flags`_

        """
        memory = self._recall()
        if memory is not None:
            return memory.flags
        return PortFlags(_lib.jack_port_flags(self._ptr))

    @property
    def is_audio(self) -> bool:
        """Whether this is an audio port: `True` in this class.

        Realtime-safe.
        """
        return True

    @property
    def is_midi(self) -> bool:
        """Whether this is a MIDI port: `False` in this class.

        Realtime-safe.
        """
        return False

    @property
    def is_input(self) -> bool:
        """Whether the port receives data.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_flags`_

        """
        return bool(self.flags & PortFlags.IS_INPUT)

    @property
    def is_output(self) -> bool:
        """Whether others can read data from the port.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_flags`_

        """
        return bool(self.flags & PortFlags.IS_OUTPUT)

    @property
    def is_physical(self) -> bool:
        """Whether the port stands for a connector of some hardware.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_flags`_

        """
        return bool(self.flags & PortFlags.IS_PHYSICAL)

    @property
    def can_monitor(self) -> bool:
        """Whether `request_monitor` has an effect.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_flags`_

        """
        return bool(self.flags & PortFlags.CAN_MONITOR)

    @property
    def is_terminal(self) -> bool:
        """Whether the data begins or ends its way here.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_flags`_

        """
        return bool(self.flags & PortFlags.IS_TERMINAL)

    @property
    def is_monitoring(self) -> bool:
        """Whether somebody has asked for input monitoring.

        Not realtime-safe.

        Notes
        -----
        Calls: `jack_port_monitoring_input`_

        """
        return bool(_lib.jack_port_monitoring_input(self._ptr))

    def request_monitor(self, onoff: bool) -> None:
        """Turn input monitoring on or off, where `can_monitor` is `True`.

        Without that there is nothing to hear, but `is_monitoring` changes.

        Not realtime-safe.

        Parameters
        ----------
        onoff
            `True` for on.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Notes
        -----
        Calls: `jack_port_request_monitor`_

        """
        _check(_lib.jack_port_request_monitor(self._ptr, bool(onoff)),
               f'cannot monitor {self._description()}')

    def get_latency_range(self, mode: int) -> LatencyRange:
        """Return how long data takes to or from here.

        Not realtime-safe.

        Parameters
        ----------
        mode
            `CAPTURE_LATENCY` for the time since the data entered the graph,
            `PLAYBACK_LATENCY` for the time until it leaves it.

        Returns
        -------
        LatencyRange
            The shortest and the longest way, in frames.

        Raises
        ------
        ValueError
            If *mode* is something else.

        See Also
        --------
        OwnPort.set_latency_range, Client.set_latency_callback

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('late')
        >>> port = client.get_ports(is_physical=True, is_input=True)[0]
        >>> frames = port.get_latency_range(jack.PLAYBACK_LATENCY).max
        >>> milliseconds = 1000 * frames / client.samplerate
        >>> client.close()

        Calls: `jack_port_get_latency_range`_

        """
        _check_mode(mode)
        latency = _ffi.new('jack_latency_range_t *')
        _lib.jack_port_get_latency_range(self._ptr, mode, latency)
        return LatencyRange(latency.min, latency.max)


def _disconnect_first(core: _Core, pointers: list[_t.Any]) -> None:
    """Take all connections away, which `_await_disconnection` waits for.

    JACK 2 1.9.21 hangs when a new port gets the place of an output which the
    cycle still knows to be connected.
    """
    if not core.active or _on_jack_thread():
        return
    for ptr in filter(_lib.jack_port_connected, pointers):
        _lib.jack_port_disconnect(core.ptr, ptr)


def _unregister(core: _Core, ports: list[_t.Any]) -> bool:
    """Unregister those which no other thread does; tell whether any."""
    core.require()
    taken: list[_t.Any] = []
    try:
        taken.extend(port for port in ports if _taken(port._existence))
        if not taken:
            return False
        _disconnect_first(core, [port._raw for port in taken])
        while taken:
            taken.pop(0)._leave()
        return True
    finally:
        # An error of one leaves the others as they are.
        for port in taken:
            port._existence.append(True)


def _no_uuid(port_ptr: _t.Any) -> int:
    """Stand in for `jack_port_uuid`_ where libjack does not have it."""
    return 0


_uuid_of = (_lib.jack_port_uuid if _lib.has('jack_port_uuid') else _no_uuid)


def _require_client(client: _t.Any) -> None:
    if not isinstance(client, Client):
        raise TypeError('client must be a Client, '
                        f'not {type(client).__name__}')


def _check_port_name(name: bytes, message: str) -> None:
    """Refuse a full name which the server would cut, or stumble over."""
    limit = port_name_size() - 1
    if _IMPLEMENTATION == 'JACK 2':
        # 1.9.21 has room for fewer in its requests, and says nothing.
        limit = min(limit, 256)
    if len(name) > limit:
        raise JackError(f'{message}: its full name would have {len(name)} '
                        f'bytes, and {limit} is the most')


def _check_mode(mode: int) -> None:
    if _integer(mode, 'mode') not in (CAPTURE_LATENCY, PLAYBACK_LATENCY):
        raise ValueError('mode must be CAPTURE_LATENCY or PLAYBACK_LATENCY, '
                         f'not {mode}')


class MidiPort(Port):
    """A MIDI port of any client's; otherwise like `Port`."""

    @property
    def is_audio(self) -> bool:
        """Whether this is an audio port: `False` in this class.

        Realtime-safe.
        """
        return False

    @property
    def is_midi(self) -> bool:
        """Whether this is a MIDI port: `True` in this class.

        Realtime-safe.
        """
        return True


class UnknownPort(Port):
    """A port which is neither audio nor MIDI; otherwise like `Port`."""

    @property
    def is_audio(self) -> bool:
        """Whether this is an audio port: `False` in this class.

        Realtime-safe.
        """
        return False

    @property
    def is_midi(self) -> bool:
        """Whether this is a MIDI port: `False` in this class.

        Realtime-safe.
        """
        return False


class OwnPort(Port):
    """An audio port of one's own client.

    Made by `Ports.register`.
    """

    def __init__(self, port_ptr: _t.Any, client: Client) -> None:
        super().__init__(port_ptr, client)
        _load_realtime_calls()
        self._raw = port_ptr
        self._handle = _rt.handle(port_ptr)
        self._end = ''
        #: The input that this output is tied to.
        self._tied_to: OwnPort | None = None
        #: Whether what is written to it goes nowhere: it has ended, or JACK's
        #: memory for it is that of whoever is connected to such an input.
        self._is_mute = False
        #: Whoever takes it unregisters the port.
        self._existence = [True]
        self._is_audio = _ffi.string(_lib.jack_port_type(port_ptr)) == _AUDIO
        self._is_output = bool(_lib.jack_port_flags(port_ptr)
                               & PortFlags.IS_OUTPUT)
        # Which cycle the data below is of, and the data: memory of our own,
        # so that no reference into JACK's outlives it.
        self._cycle = -1
        self._frames = 0
        self._samples: _t.Any = None
        self._buffer: _t.Any = None
        self._array: _t.Any = None
        self._core.own[self._bytes] = self

    @property
    def is_audio(self) -> bool:
        """Whether this is an audio port.

        All are but those of other types from `Client.register_port`.

        Realtime-safe.
        """
        return self._is_audio

    def __reduce__(self) -> _t.NoReturn:
        raise TypeError("a client's own port cannot be copied or pickled: "
                        'register another')

    def _resolve(self) -> tuple[_t.Any, bytes]:
        # Nobody but this client can unregister or rename it.
        self._core.require()
        if self._memory is not None or self._end:
            raise self._gone()
        return self._raw, self._bytes

    def _live_name(self) -> bytes:
        # Other clients can rename it; not all servers tell of that.
        return bytes(_ffi.string(_lib.jack_port_name(self._ptr)))

    def _gone(self) -> JackError:
        return JackError(f'{self._description()} is gone: it has been '
                         'unregistered')

    @property
    def number_of_connections(self) -> int:
        """How many connections the port has.

        Realtime-safe.  In the process callback it tells of those which are
        in effect; PipeWire may count one up to three cycles earlier.

        Notes
        -----
        Calls: `jack_port_connected`_

        """
        ptr = self._ptr
        self._client._await_patch()
        return int(_lib.jack_port_connected(ptr))

    @property
    def connections(self) -> list[Port]:
        """The ports that this one is connected to.

        Not realtime-safe.

        See Also
        --------
        Client.get_all_connections

        Notes
        -----
        Calls: `jack_port_get_connections`_

        """
        ptr = self._ptr
        self._client._await_patch()
        return self._client._ports_from_names(_take_names(
            _lib.jack_port_get_connections(ptr)))

    def is_connected_to(self, port: str | Port) -> bool:
        """Tell whether there is a direct connection to another port.

        Not realtime-safe.

        Parameters
        ----------
        port
            A port, or its full name.

        Returns
        -------
        bool
            Whether there is one.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('pair')
        >>> source = client.outports.register('out')
        >>> sink = client.inports.register('in')
        >>> client.activate()
        >>> source.connect(sink)
        >>> source.is_connected_to(sink)
        True
        >>> client.close()

        Calls: `jack_port_connected_to`_

        """
        ptr = self._ptr
        self._client._await_patch()
        name = self._client._primary_name(port)
        if _IMPLEMENTATION == 'PipeWire' and not _on_jack_thread():
            # In 0.3.65, the answer about a single one is late.
            return name in _connections(self._client._ptr, ptr)
        return bool(_lib.jack_port_connected_to(ptr, name))

    def connect(self, port: str | Port) -> None:
        """Connect this port to another one, whichever way is right.

        Not realtime-safe.

        Parameters
        ----------
        port
            A port, or its full name.

        Raises
        ------
        JackErrorCode
            See `Client.connect`.

        See Also
        --------
        Client.connect, disconnect

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('loop')
        >>> source = client.outports.register('out')
        >>> sink = client.inports.register('in')
        >>> client.activate()
        >>> sink.connect(source)        # The other way round is the same.
        >>> source.connections
        [jack.OwnPort('loop:in')]
        >>> client.close()

        Calls: `jack_connect`_

        """
        self._resolve()
        name = self._client._port_name(port, 'port').decode(
            'utf-8', 'surrogateescape')
        if self._is_output:
            self._client.connect(self, name)
        else:
            self._client.connect(name, self)

    def disconnect(self, other: str | Port | None = None) -> None:
        """Take connections away.

        Not realtime-safe.

        Parameters
        ----------
        other
            The port at the other end, or its full name; by default all
            connections go.

        Raises
        ------
        JackErrorCode
            See `Client.disconnect`.

        See Also
        --------
        Client.disconnect, connect

        Notes
        -----
        Calls: `jack_port_disconnect`_, `jack_disconnect`_

        """
        ptr = self._ptr
        if other is None:
            _check(_lib.jack_port_disconnect(self._core.ptr, ptr),
                   f'cannot disconnect {self._description()}')
            self._client._note_patch(self._bytes, b'', False)
        else:
            name = self._client._port_name(other, 'other').decode(
                'utf-8', 'surrogateescape')
            if self._is_output:
                self._client.disconnect(self, name)
            else:
                self._client.disconnect(name, self)

    def unregister(self) -> None:
        """Remove the port, with all its connections.

        It leaves the client's list of ports, and cannot be used any more.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('leaver')
        >>> port = client.inports.register('in')
        >>> port.unregister()
        >>> client.inports
        []
        >>> client.close()

        Calls: `jack_port_unregister`_

        """
        if not _unregister(self._core, [self]):
            # Another thread is just about to do it, or has done it.
            raise self._gone()

    def _leave(self) -> None:
        core = self._core
        # Nobody may begin to use it from now on, be it within a cycle.
        self._end = 'unregistered'
        self._is_mute = True
        cycle = self._cycle
        self._leave_cycle()
        try:
            with core.settled():
                # It may have been closed while this one waited.
                client = core.require()
                self._untie_all()
                _check(_lib.jack_port_unregister(client, self._raw),
                       f'cannot unregister {self._description()}')
        except BaseException as error:
            if isinstance(error, JackError) and not isinstance(
                    error, _NoAnswer):
                self._end = ''
                self._is_mute = self._tied_to is not None
                self._cycle = cycle
                self._existence.append(True)
            else:
                # The server does it when it goes on.
                self._forget()
            raise
        self._forget()

    def _leave_cycle(self) -> None:
        """Have what asks for data next look whether there is some still."""
        self._cycle = -1

    def _untie_all(self) -> None:
        """Untie the port, and those that are tied to it.

        JACK 2 would have them pass on what gets its number next.
        """
        for ref in self._core.own.valuerefs():
            port = ref()
            if port is not None and port._tied_to is not None and (
                    port is self or port._tied_to is self):
                _lib.jack_port_untie(port._raw)
                port._follow(None)

    def _follow(self, source: OwnPort | None) -> None:
        self._tied_to = source
        self._is_mute = source is not None or bool(self._end)

    def _forget(self) -> None:
        self._core.own.pop(self._bytes, None)
        for ports in self._client._port_lists():
            ports._discard(self)

    def ensure_monitor(self, onoff: bool) -> None:
        """Turn input monitoring on or off, if it is not that way already.

        Not realtime-safe.

        Parameters
        ----------
        onoff
            `True` for on.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Notes
        -----
        Calls: `jack_port_ensure_monitor`_

        """
        _check(_lib.jack_port_ensure_monitor(self._ptr, bool(onoff)),
               f'cannot monitor {self._description()}')

    def set_latency_range(self, mode: int, min: int, max: int) -> None:
        """Say how long data takes to or from here.

        Only in a latency callback, see `Client.set_latency_callback`.

        Not realtime-safe.

        Parameters
        ----------
        mode
            `CAPTURE_LATENCY` or `PLAYBACK_LATENCY`.
        min, max
            The shortest and the longest way, in frames.

        Raises
        ------
        TypeError, ValueError
            If an argument is something else, or *min* exceeds *max*.

        See Also
        --------
        Client.set_latency_callback

        Notes
        -----
        Calls: `jack_port_set_latency_range`_

        """
        _check_mode(mode)
        latency = _ffi.new('jack_latency_range_t *')
        latency.min = _integer(min, 'min')
        latency.max = _integer(max, 'max')
        if latency.min > latency.max:
            raise ValueError(f'min must not exceed max: {min} > {max}')
        _lib.jack_port_set_latency_range(self._ptr, mode, latency)

    def tie(self, source: OwnPort) -> None:
        """Have this output pass an input's data on without copying it.

        What the process callback writes to it is ignored then, until `untie`
        or until one of the two is unregistered.

        Not realtime-safe.

        Parameters
        ----------
        source
            An input port of the same client.

        Raises
        ------
        ValueError
            If they cannot be tied.
        TypeError
            If *source* is not an `OwnPort`.
        JackErrorCode
            If the server refuses.

        See Also
        --------
        untie

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('shortcut')
        >>> source = client.inports.register('in')
        >>> sink = client.outports.register('out')
        >>> sink.tie(source)
        >>> sink.untie()
        >>> client.close()

        Calls: `jack_port_tie`_

        """
        if not isinstance(source, OwnPort):
            raise TypeError('source must be an OwnPort, '
                            f'not {type(source).__name__}')
        self._resolve()
        # JACK 2 takes any two ports, and follows rings of them for ever.
        if (source._core is not self._core or source._is_output
                or not self._is_output or source.type != self.type):
            raise _JackValueError(
                'an output port can be tied to an input port of the same '
                f'client and type, but not {self._description()} to '
                f'{source._description()}')
        with self._core.settled():
            pointers = source._ptr, self._ptr
            former = self._tied_to
            # From now on: there must be no cycle that writes to the other's.
            self._follow(source)
            try:
                _check(_lib.jack_port_tie(*pointers),
                       f'cannot tie {self._description()} to '
                       f'{source._description()}')
            except BaseException:
                self._follow(former)
                raise

    def untie(self) -> None:
        """Undo `tie`.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        Notes
        -----
        Calls: `jack_port_untie`_

        """
        with self._core.settled():
            _check(_lib.jack_port_untie(self._ptr),
                   f'cannot untie {self._description()}')
            self._follow(None)

    @property
    def address(self) -> int:
        """The address of the C port, for native callbacks.

        This is the ``jack_port_t *`` that `jack_port_get_buffer`_ and the
        like take.

        Realtime-safe.
        """
        return _int_from_ptr(self._ptr)

    def get_buffer(self) -> _t.Any:
        """Return the samples of the current cycle as a buffer.

        Only in the process callback.  An input's buffer holds the sum of
        what is connected to it, zeros if nothing is.  What is written to an
        output's buffer reaches JACK when the callback returns, and an input
        of the same client in its next cycle.

        Returns
        -------
        buffer
            A writable buffer object of cffi's with ``4 * frames`` bytes:
            32-bit floats in native byte order, nominally from -1 to 1.
            ``memoryview(buffer).cast('f')`` gives access to each of them.
            Its memory is used again in the next cycle, unless you hold on to
            it: then it is yours, and what you do with it changes nothing.

        Raises
        ------
        JackError
            Outside of the process callback.

        See Also
        --------
        get_array

        Examples
        --------
        >>> import jack, threading
        >>> client = jack.Client('copier')
        >>> source = client.inports.register('in')
        >>> sink = client.outports.register('out')
        >>> called = threading.Event()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     sink.get_buffer()[:] = source.get_buffer()
        ...     called.set()
        >>> with client:
        ...     called.wait(timeout=10)
        True

        Calls: `jack_port_get_buffer`_

        """
        core = self._core
        if core.ident != _get_ident():
            raise self._outside('get_buffer')
        if self._cycle != core.cycle:
            self._fetch(core)
        return self._buffer

    def get_array(self) -> _t.Any:
        """Return the samples of the current cycle as a NumPy array.

        Only in the process callback.  ``import numpy`` in your program, lest
        the first call spends its time on that.

        Returns
        -------
        numpy.ndarray
            Of shape ``(frames,)`` and type float32, writable; nominally from
            -1 to 1.  See `get_buffer` for its meaning and its lifetime.
            Take a view to have another shape, type or flags, such as
            ``array.reshape(-1, 64)``: if you set those of the array itself,
            you get it back like that in the next cycle.

        Raises
        ------
        JackError
            Outside of the process callback.
        ImportError
            If there is no NumPy.

        See Also
        --------
        get_buffer

        Examples
        --------
        >>> import jack, queue
        >>> import numpy as np
        >>> client = jack.Client('loudness')
        >>> microphone = client.inports.register('in')
        >>> peaks = queue.SimpleQueue()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     peaks.put(float(abs(microphone.get_array()).max()))
        >>> with client:
        ...     peaks.get(timeout=10)
        0.0

        Calls: `jack_port_get_buffer`_

        """
        core = self._core
        if core.ident != _get_ident():
            raise self._outside('get_array')
        if self._cycle != core.cycle:
            self._fetch(core)
        array = self._array
        return self._make_array() if array is None else array

    def _make_array(self) -> _t.Any:
        import numpy
        # A buffer of its own: references to the other one are counted.
        self._array = numpy.frombuffer(_buffer(self._samples),
                                       dtype=numpy.float32)
        return self._array

    def _outside(self, method: str) -> JackError:
        """Make the exception for a call outside of the process callback."""
        if self._core.end or self._end:
            self._resolve()
        return JackError(
            f'{method}() of {self._description()} may be called only within '
            'the process callback, on its thread, while the client is active')

    def _fetch(self, core: _Core) -> None:
        """Get this cycle's data from JACK."""
        frames = core.frames
        if frames != self._frames or self._end or self._is_kept():
            self._allocate(frames)
        if self._is_output:
            # Its turn to be read comes after the callback, from now on.
            if not self._is_mute:
                core.outputs = [*core.outputs, self]
        else:
            self._buffer[:] = core.views[
                _rt.get_buffer(self._handle, frames)]
        self._cycle = core.cycle

    def _fall_silent(self) -> None:
        address = _rt.get_buffer(self._handle, self._core.frames)
        if address:
            view = self._core.views[address]
            view[:] = bytes(len(view))

    def _allocate(self, frames: int) -> None:
        if self._end:
            self._resolve()
        self._samples = _new('float[]', frames)
        self._buffer = _buffer(self._samples)
        self._array = None
        self._frames = frames

    def _is_kept(self) -> bool:
        """Tell whether the user has held on to what was given out."""
        return (_references(self._buffer) != _UNSHARED
                or self._array is not None
                and _references(self._array) != _UNSHARED)


def _generate(items: _abc.Iterable[_t.Any]) -> _abc.Iterator[_t.Any]:
    yield from items


#: A ``jack_midi_event_t``.
_EVENT = _struct.Struct('@INP')
_ALL = slice(None)
# So many events are copied one by one.
_FEW_EVENTS = 5
# The others together, where JACK has them all in one block of memory, and not
# more than this number of bytes for each.
_IN_BLOCKS = _IMPLEMENTATION != 'PipeWire' and _HAS_INTERPRETER_LOCK
_SPACING = 32
# In so many cycles the user may have kept some of them, until the next ones
# get a block of their own.
_PATIENT_CYCLES = 1000
# Of what is in two containers; see _UNSHARED.
_SHARED_ONCE = _UNSHARED + 1


def _whole(events: list[tuple[int, _t.Any]]) -> list[tuple[int, _t.Any]]:
    """Join the pieces of six bytes that PipeWire 1.4 makes of long events.

    What has no end, as there was no room for it, is left out.
    """
    if all(event[0] != b'\xf0' or event[-1] == b'\xf7'
           for _, event in events):
        return events
    joined: list[tuple[int, _t.Any]] = []
    begun = b''
    for time, event in events:
        piece = event[:]
        if begun and piece[0] >= 0xF8:
            joined.append((time, event))
            continue
        if begun and (piece[0] < 0x80 or piece == b'\xf7'):
            piece = begun + piece
            event = _buffer(_new_chars(_CHARS, len(piece)))
            event[:] = piece
        begun = piece if piece[0] == 0xF0 and piece[-1] != 0xF7 else b''
        if not begun:
            joined.append((time, event))
    return joined


class _EventSlots:
    """Room for the events of one cycle."""

    def __init__(self, count: int) -> None:
        self.count = count
        # What jack_midi_event_get() fills in: time, size and address.
        events = _new('jack_midi_event_t[]', count)
        self.handles = [_rt.handle(events + number)
                        for number in range(count)]
        self.fields = _buffer(events)
        octets = memoryview(self.fields).cast('B')
        self.times = octets.cast('I')[::_EVENT.size // 4]
        words = octets.cast('P')
        self.sizes, self.addresses = words[1::3], words[2::3]
        # What the user gets, and how long each of them is ...
        self.buffers: list[_t.Any] = []
        self.lengths: list[int] = []
        # ... or all together; and in how many cycles some of it was kept.
        self.block = _EventBlock()
        self.waited = 0

    def copy_block(self, count: int) -> list[_t.Any]:
        """Copy many events at once; return none if that cannot be done."""
        if self.block.is_kept():
            self.waited += 1
            if self.waited < _PATIENT_CYCLES:
                return []
            self.block = _EventBlock()
            self.waited = 0
        return self.block.copy(self.sizes[:count], self.addresses[:count])

    def prepare(self, sizes: list[int]) -> None:
        """Have buffers of these sizes that nobody has a reference to."""
        count = len(sizes)
        if sizes == self.lengths[:count] and count * _UNSHARED == sum(
                map(_references, _itertools.islice(self.buffers, count))):
            return
        for number, size in enumerate(sizes):
            self.prepare_one(number, size)

    def prepare_one(self, number: int, size: int) -> _t.Any:
        if (self.lengths[number:number + 1] != [size]
                or _references(self.buffers[number]) != _UNSHARED):
            self.buffers[number:number + 1] = [
                _buffer(_new_chars(_CHARS, size))]
            self.lengths[number:number + 1] = [size]
        return self.buffers[number]


class _EventBlock:
    """A copy of the memory in which JACK 1 and 2 have a cycle's events.

    Small ones are side by side, and in each cycle at the same places.  Then
    the buffers for the user are there already, and one assignment fills them.
    """

    def __init__(self) -> None:
        self.target = self.source = _buffer(_new_chars(_CHARS, 0))
        #: Sizes and addresses, as they are in memory.
        self.places = b'', b''
        #: The buffers for these.
        self.parts: list[_t.Any] = []
        #: Those made so far, by their first byte and size.
        self.made: dict[tuple[int, int], _t.Any] = {}

    def is_kept(self) -> bool:
        """Tell whether the user has what must not be overwritten."""
        return (sum(map(_references, self.parts))
                != len(self.parts) * _SHARED_ONCE)

    def copy(self, sizes: memoryview, addresses: memoryview) -> list[_t.Any]:
        """Return buffers with the events, none if those are far apart."""
        places = sizes.tobytes(), addresses.tobytes()
        if places != self.places:
            if not self.arrange(sizes.tolist(), addresses.tolist()):
                return []
            self.places = places
        self.target[0:len(self.source)] = self.source
        return self.parts[:]

    def arrange(self, sizes: list[int], addresses: list[int]) -> bool:
        """Have parts for events at these addresses, if it pays."""
        first = addresses[0]
        extent = max(map(_operator.add, addresses, sizes)) - first
        if not (0 < first == min(addresses)
                and 0 < extent < len(sizes) * _SPACING):
            return False
        if extent > len(self.target) or len(self.made) > 1024:
            self.target = _buffer(_new_chars(_CHARS, 2 * extent))
            self.made.clear()
        self.source = _buffer(_ffi.cast('char *', first), extent)
        self.parts = [
            self.made.get(place) or self.make(*place)
            for place in zip((address - first for address in addresses),
                             sizes)]
        return True

    def make(self, begin: int, size: int) -> _t.Any:
        """Make a part, which keeps the whole block alive."""
        part = self.made[begin, size] = _buffer(_ffi.from_buffer(
            memoryview(self.target)[begin:begin + size]))
        return part


class OwnMidiPort(MidiPort, OwnPort):
    """A MIDI port of one's own client.

    Made by `Ports.register`.  Like `OwnPort`, but instead of samples there
    are events.  What concerns events may be called only in the process
    callback.

    Parameters
    ----------
    port_ptr, client
        Private.

    """

    def __init__(self, port_ptr: _t.Any, client: Client) -> None:
        super().__init__(port_ptr, client)
        self._source: _t.Any = None
        self._slots = _EventSlots(0)
        # The cycle in which events may be written without further checks.
        self._writable = -1
        self._last_time = 0
        # Events that were reserved in this cycle: JACK's memory for each, our
        # memory for it, and the size.
        self._reserved: list[tuple[_t.Any, _t.Any, int]] = []

    def get_buffer(self) -> _t.NoReturn:
        """Not for MIDI ports; there is `incoming_midi_events`.

        Raises
        ------
        NotImplementedError
            Always.

        """
        raise NotImplementedError(
            'get_buffer() is not available for MIDI ports: use '
            'incoming_midi_events() or write_midi_event()')

    def get_array(self) -> _t.NoReturn:
        """Not for MIDI ports; there is `incoming_midi_events`.

        Raises
        ------
        NotImplementedError
            Always.

        """
        raise NotImplementedError(
            'get_array() is not available for MIDI ports: use '
            'incoming_midi_events() or write_midi_event()')

    @property
    def max_event_size(self) -> int:
        """The size of the largest event that still fits in, in bytes.

        Only in the process callback.

        Raises
        ------
        JackError
            Outside of the process callback.

        Notes
        -----
        Calls: `jack_midi_max_event_size`_

        """
        self._events('max_event_size')
        return self._space()

    @property
    def lost_midi_events(self) -> int:
        """How many events did not fit in.

        Only in the process callback.

        Raises
        ------
        JackError
            Outside of the process callback.

        Notes
        -----
        Calls: `jack_midi_get_lost_event_count`_

        """
        return int(_rt.midi_lost(self._events('lost_midi_events')))

    def incoming_midi_events(self) -> _abc.Iterator[tuple[int, _t.Any]]:
        """Iterate over the events that arrive in this cycle.

        Events are complete and start with their status byte.

        Only in the process callback.

        Yields
        ------
        time : int
            When, in frames from the beginning of the cycle.
        event : buffer
            The bytes, in a buffer object of cffi's: ``event[0]`` is a
            `bytes` of length 1, ``bytes(event)`` a copy of all.

        Raises
        ------
        JackError
            For an output port, or outside of the process callback.

        Examples
        --------
        >>> import jack, queue
        >>> client = jack.Client('listener')
        >>> keys = client.midi_inports.register('in')
        >>> heard = queue.SimpleQueue()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     for time, event in keys.incoming_midi_events():
        ...         heard.put(bytes(event))
        >>> client.close()

        Calls: `jack_midi_get_event_count`_, `jack_midi_event_get`_

        """
        source = self._events('incoming_midi_events')
        if self._is_output:
            raise JackError('incoming_midi_events() is for input ports, and '
                            f'{self._description()} is an output')
        count = _rt.midi_count(source)
        return _generate(self._copy_events(source, count) if count else [])

    def _copy_events(self, source: _t.Any,
                     count: int) -> _abc.Iterable[tuple[int, _t.Any]]:
        """Copy all events of this cycle to memory of our own."""
        if count > self._slots.count:
            self._slots = _EventSlots(2 * count)
        slots = self._slots
        views = self._core.event_views
        if count <= _FEW_EVENTS:
            # In most cycles: then it does not pay to prepare for many.
            events = []
            for number in range(count):
                if _rt.midi_get(slots.handles[0], source, number):
                    break
                time, size, address = _EVENT.unpack_from(slots.fields)
                buffer = slots.prepare_one(number, size)
                buffer[:] = views[size][address]
                events.append((time, buffer))
            return _whole(events) if _IMPLEMENTATION == 'PipeWire' else events
        codes = map(_rt.midi_get, slots.handles, _itertools.repeat(source),
                    range(count))
        if any(codes):
            # As many as there are before the first that cannot be read.
            count = next(number for number in range(count) if _rt.midi_get(
                slots.handles[number], source, number))
            if not count:
                return []
        parts = slots.copy_block(count) if _IN_BLOCKS else []
        times = slots.times[:count].tolist()
        if parts:
            return zip(times, parts)
        sizes = slots.sizes[:count].tolist()
        addresses = slots.addresses[:count].tolist()
        slots.prepare(sizes)
        sources: _abc.Iterator[_t.Any]
        if sizes.count(sizes[0]) == count:
            sources = map(views[sizes[0]].__getitem__, addresses)
        else:
            sources = map(_operator.getitem, map(views.__getitem__, sizes),
                          addresses)
        # None of the assignments has a result: they are all made.
        any(map(_operator.setitem, slots.buffers, _itertools.repeat(_ALL),
                sources))
        events = list(zip(times, slots.buffers))
        return _whole(events) if _IMPLEMENTATION == 'PipeWire' else events

    def clear_buffer(self) -> None:
        """Remove all events from an output port.

        To be called in each cycle before events are written: otherwise those
        of the cycle before are sent again.

        Only in the process callback.

        Raises
        ------
        JackError
            For an input port, or outside of the process callback.

        Notes
        -----
        Calls: `jack_midi_clear_buffer`_

        """
        source = self._writable_events('clear_buffer')
        self._reserved.clear()
        self._last_time = 0
        if not self._is_mute:
            _rt.midi_clear(source)

    def write_midi_event(self, time: _t.SupportsIndex,
                         event: _t.Any) -> None:
        """Send an event.

        Events have to be written in the order of their times, and complete:
        with their status byte, and without another (real-time) message in
        between.

        Only in the process callback.

        Parameters
        ----------
        time
            When, in frames from the beginning of the cycle.
        event
            `bytes`, any other buffer, or a sequence of integers.

        Raises
        ------
        JackError
            If *time* is earlier than that of the event before or not within
            this cycle, if there is no room, for an input port, or outside of
            the process callback.
        TypeError, ValueError
            If *event* is not a sequence of bytes.

        Examples
        --------
        Middle C, in the middle of one cycle:

        >>> import jack, threading
        >>> client = jack.Client('bell')
        >>> port = client.midi_outports.register('out')
        >>> rung = threading.Event()
        >>> @client.set_process_callback
        ... def process(frames):
        ...     port.clear_buffer()
        ...     if not rung.is_set():
        ...         port.write_midi_event(frames // 2, (0x90, 60, 100))
        ...         rung.set()
        >>> with client:
        ...     rung.wait(timeout=10)
        True

        Calls: `jack_midi_event_write`_

        """
        core = self._core
        if self._writable != core.cycle or core.ident != _get_ident():
            self._writable_events('write_midi_event')
            if self._is_mute:
                return
        kind = type(event)
        if kind is not bytes:
            event = event[:] if kind is _buffer else _bytes(event, 'event')
        size = len(event)
        if (type(time) is not int or not size
                or not self._last_time <= time < core.frames):
            time = self._check_event(time, size)
        if not _EXACT_FIT and not self._fits(size) or _rt.midi_write(
                self._source, time, event,
                _rt.sizes[size] if size <= _SMALL else self._size(size)):
            self._check_leftover(time)
            raise self._no_room(size)
        self._last_time = time

    def reserve_midi_event(self, time: _t.SupportsIndex,
                           size: _t.SupportsIndex) -> _t.Any:
        """Make room for an event whose bytes are to be filled in.

        Only in the process callback.

        Parameters
        ----------
        time
            When, in frames from the beginning of the cycle; see
            `write_midi_event`.
        size
            The number of bytes.

        Returns
        -------
        buffer
            To be filled before the process callback returns.  An empty one
            if there is no room.

        Raises
        ------
        JackError
            As in `write_midi_event`.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('wheel')
        >>> port = client.midi_outports.register('out')
        >>> @client.set_process_callback
        ... def process(frames):
        ...     port.clear_buffer()
        ...     event = port.reserve_midi_event(0, 3)
        ...     if event:
        ...         event[:] = bytes([0xE0, 0, 64])
        >>> client.close()

        Calls: `jack_midi_event_reserve`_

        """
        source = self._writable_events('reserve_midi_event')
        number = _integer(size, 'size')
        offset = self._check_event(time, number)
        if self._is_mute:
            return _ffi.buffer(_ffi.new('char[]', number))
        target = (_rt.midi_reserve(source, offset, _rt.size(number))
                  if _EXACT_FIT and number <= _SMALL or self._fits(number)
                  else None)
        if not target:
            self._check_leftover(offset)
            return _ffi.buffer(_ffi.new('char[]', 0))
        self._last_time = offset
        data = _ffi.new('char[]', number)
        if not self._reserved:
            self._core.reserved.append(self)
        self._reserved.append((target, data, number))
        return _ffi.buffer(data)

    def _leave_cycle(self) -> None:
        super()._leave_cycle()
        self._writable = -1

    def _events(self, method: str) -> _t.Any:
        """Return JACK's buffer of this cycle's events."""
        core = self._core
        if core.ident != _get_ident():
            raise self._outside(method)
        if self._cycle != core.cycle:
            if self._end:
                self._resolve()
            self._source = _rt.pointer(
                _rt.get_buffer(self._handle, core.frames))
            self._reserved.clear()
            self._last_time = 0
            if not self._is_mute:
                # Else it is somebody else's, and not to be kept.
                self._cycle = core.cycle
        return self._source

    def _writable_events(self, method: str) -> _t.Any:
        source = self._events(method)
        if not self._is_output:
            raise JackError(f'{method}() is for output ports, and '
                            f'{self._description()} is an input')
        if not self._is_mute:
            self._writable = self._cycle
        return source

    def _check_event(self, time: _t.SupportsIndex, size: int) -> int:
        offset = _index(time, 'time')
        if not self._last_time <= offset < self._core.frames:
            if 0 <= offset < self._core.frames:
                raise _JackValueError(
                    f'time {offset} is earlier than that of the event '
                    f'before ({self._last_time}): sort the events, and call '
                    'clear_buffer() first in each cycle')
            raise _JackValueError(
                f'time {offset} is not within this cycle: it must be from 0 '
                f'to {self._core.frames - 1}')
        if not size:
            raise ValueError('a MIDI event must not be empty')
        return offset

    def _check_leftover(self, time: int) -> None:
        """Look whether an event of an earlier cycle is in the way."""
        count = _rt.midi_count(self._source)
        slots = _EventSlots(1)
        if count and not _rt.midi_get(slots.handles[0], self._source,
                                      count - 1):
            latest, *_ = _EVENT.unpack_from(slots.fields)
            if time < latest:
                raise _JackValueError(
                    f'time {time} is earlier than that of an event which is '
                    f'still there from the last cycle ({latest}): call '
                    'clear_buffer() first in each cycle')

    def _no_room(self, size: int) -> JackError:
        return JackError(
            f'cannot write a MIDI event of {size} bytes to '
            f'{self._description()}: there is room for {self._space()}')

    def _size(self, size: int) -> _t.Any:
        """Return a size for C: JACK 2 takes one of 4 GB for a small one."""
        if not self._fits(size):
            raise self._no_room(size)
        return _rt.size(size)

    def _fits(self, size: int) -> bool:
        return size <= self._space()

    def _space(self) -> int:
        """Return the size of the largest event that may be written."""
        space = int(_rt.midi_space(self._source))
        if _EXACT_FIT:
            return space
        if _IMPLEMENTATION == 'PipeWire':
            # For others it makes 24 bytes of each six, and when they do not
            # fit then 0.3 loses all events of the cycle, and 1.4 crashes.
            count = _rt.midi_count(self._source)
            used = 24 * count + 4 * (_PIPEWIRE_SPACE - 8 * count - space)
            space = min(space, (_PIPEWIRE_SPACE - used) // 24 * 6 + 1)
        return max(space - 1, 0)

    def _fall_silent(self) -> None:
        address = _rt.get_buffer(self._handle, self._core.frames)
        if address:
            _rt.midi_clear(_rt.pointer(address))

    def _flush(self) -> None:
        """Fill the reserved events in."""
        if not self._end:
            for target, data, size in self._reserved:
                _memmove(_ffi.cast('void *', target), data, size)
        self._reserved.clear()


_PORT_CLASSES: dict[bytes, type[Port]] = {_AUDIO: Port, _MIDI: MidiPort}


def _port_class(porttype: bytes, is_mine: bool) -> type[Port]:
    if is_mine:
        return OwnMidiPort if porttype == _MIDI else OwnPort
    return _PORT_CLASSES.get(porttype, UnknownPort)


class Ports:
    """A list of a client's ports of one kind.

    Each `Client` has four of them: *inports*, *outports*, *midi_inports* and
    *midi_outports*.  It has a length, can be indexed, sliced and
    iterated over; it grows by `register` and shrinks by
    `OwnPort.unregister`.

    Parameters
    ----------
    client, porttype, flag
        Private.

    """

    def __init__(self, client: Client, porttype: str, flag: int) -> None:
        _require_client(client)
        # The client owns its lists, not the other way round.
        self._core = client._core
        self._porttype = porttype
        self._flag = flag
        # Replaced, never changed: somebody may be iterating over it.
        self._ports: list[_t.Any] = []

    def __repr__(self) -> str:
        return repr(self._ports)

    def __len__(self) -> int:
        return len(self._ports)

    def __getitem__(self, index: _t.Any) -> _t.Any:
        return self._ports[index]

    def __iter__(self) -> _abc.Iterator[_t.Any]:
        return iter(self._ports)

    def __contains__(self, port: object) -> bool:
        return port in self._ports

    def __reversed__(self) -> _abc.Iterator[_t.Any]:
        return reversed(self._ports)

    def __reduce__(self) -> _t.NoReturn:
        raise TypeError("a client's ports cannot be copied or pickled: list() "
                        'makes a list of them')

    def register(self, shortname: str, is_terminal: bool = False,
                 is_physical: bool = False) -> _t.Any:
        """Register a new port and append it to this list.

        Not realtime-safe.

        Parameters
        ----------
        shortname
            Unique among the client's ports.  The full name, which is the
            client's name, a colon and *shortname*, may have
            `port_name_size` - 1 bytes at most (JACK 2: 256).
        is_terminal
            For an input: the data that it gets goes nowhere else from here.
            For an output: its data comes from nowhere else.  Synthesizers
            and clients for hardware set this.
        is_physical
            The port stands for a connector of some hardware.

        Returns
        -------
        OwnPort or OwnMidiPort
            The new port.

        Raises
        ------
        JackError
            If the name is taken or too long, or the server has no more
            ports.
        TypeError, ValueError
            If *shortname* is not a name.

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('synth')
        >>> client.outports.register('left')
        jack.OwnPort('synth:left')
        >>> client.midi_inports.register('keys', is_terminal=True)
        jack.OwnMidiPort('synth:keys')
        >>> client.close()

        Calls: `jack_port_register`_

        """
        client = self._core.client()
        if client is None:
            raise JackError('the client of these ports is gone')
        flags = PortFlags(self._flag)
        if is_terminal:
            flags |= PortFlags.IS_TERMINAL
        if is_physical:
            flags |= PortFlags.IS_PHYSICAL
        port = client._register(shortname, self._porttype, flags)
        self._add(port)
        return port

    def clear(self) -> None:
        """Unregister all ports of this list.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the server refuses.

        See Also
        --------
        OwnPort.unregister

        Examples
        --------
        >>> import jack
        >>> client = jack.Client('empty')
        >>> for number in range(1, 5):
        ...     port = client.inports.register(f'in_{number}')
        >>> client.inports.clear()
        >>> len(client.inports)
        0
        >>> client.close()

        Calls: `jack_port_unregister`_

        """
        _unregister(self._core, self._ports)

    # Another list each time, as others may be in the middle of it.

    def _add(self, port: OwnPort) -> None:
        with _lists:
            self._ports = [*self._ports, port]

    def _discard(self, port: OwnPort) -> None:
        with _lists:
            self._ports = [p for p in self._ports if p is not port]


#: Held by whoever changes a list of ports.
_lists = _Lock()


# -- Ring buffer --------------------------------------------------------------

class RingBuffer:
    """A lock-free queue of bytes between two threads.

    One thread writes and one thread reads, always the same; then neither of
    them ever waits.  It is the means to get data out of the process callback
    (or into it) when the other side is slow, such as a file.
    If there are more threads, their data is mixed up, and nothing else.

    Parameters
    ----------
    size
        In bytes, at most 2**30; rounded up to a power of two.  One byte less
        than that can be stored.

    Raises
    ------
    JackError
        If there is not enough memory.
    TypeError, ValueError
        If *size* is not such a number.

    Examples
    --------
    >>> import jack
    >>> ring = jack.RingBuffer(16)
    >>> ring.write(b'hello')
    5
    >>> bytes(ring.read(4))
    b'hell'

    Calls: `jack_ringbuffer_create`_

    """

    def __init__(self, size: int) -> None:
        number = _integer(size, 'size')
        if number > 1 << 30:
            # The C function does not come back from more than 2**31.
            raise ValueError(f'size must be at most 2**30, not {number}')
        ptr = _not_null(_lib.jack_ringbuffer_create(number),
                        f'no memory for a ring buffer of {number} bytes')
        self._ptr = _ffi.gc(ptr, _lib.jack_ringbuffer_free)
        self._allocated = int(ptr.size)
        _load_realtime_calls()
        self._handle = _rt.handle(ptr)
        # The last buffer that was given out, and its memory.
        self._last: tuple[_t.Any, _t.Any, _t.Any] | None = None

    def __reduce__(self) -> _t.NoReturn:
        raise TypeError('a ring buffer cannot be copied or pickled: read() '
                        'what is in it')

    def __repr__(self) -> str:
        return (f'<jack.RingBuffer of {self.size} bytes: '
                f'{self.read_space} to read>')

    @property
    def write_space(self) -> int:
        """How many bytes can be written now.

        Realtime-safe.

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(16)
        >>> ring.write_space
        15

        Calls: `jack_ringbuffer_write_space`_

        """
        return int(_lib.jack_ringbuffer_write_space(self._ptr))

    def write(self, data: _t.Any) -> int:
        """Write bytes, as many as there is room for.

        Realtime-safe.

        Parameters
        ----------
        data
            `bytes`, any other contiguous buffer, or an iterable of integers.

        Returns
        -------
        int
            The number of bytes written.

        Raises
        ------
        TypeError, ValueError
            If *data* is something else.

        See Also
        --------
        write_space, write_buffers

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(8)
        >>> ring.write(b'too long for it')
        7

        Calls: `jack_ringbuffer_write`_

        """
        kind = type(data)
        if kind is not bytes:
            data = data[:] if kind is _buffer else _bytes(data, 'data')
        size = len(data)
        if size <= _SMALL:
            written: int = _rt.ring_write(self._handle, data, _rt.sizes[size])
        elif size <= _PIECE:
            written = _rt.ring_write(self._handle, data, _rt.size(size))
        else:
            written = self._in_pieces(_rt.ring_write, _ffi.from_buffer(data),
                                      size)
        return written

    @property
    def write_buffers(self) -> tuple[_t.Any, _t.Any]:
        """Two buffers to write into directly.

        Two, as the free space may go over the end of the memory; any of them
        may be empty.  They keep the memory alive, but what they mean ends
        with the next `write`, `write_advance` or `reset`.  `write_advance`
        makes what was written readable.

        Realtime-safe.

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(16)
        >>> first, second = ring.write_buffers
        >>> first[:5] = b'hello'
        >>> ring.write_advance(5)
        >>> bytes(ring.read(5))
        b'hello'

        Calls: `jack_ringbuffer_get_write_vector`_

        """
        return self._views(_rt.ring_write_vector)

    def write_advance(self, size: int) -> None:
        """Make bytes that were put into `write_buffers` readable.

        Realtime-safe.

        Parameters
        ----------
        size
            How many.

        Raises
        ------
        TypeError, ValueError
            If *size* is not a number, or more than `write_space`.

        Notes
        -----
        Calls: `jack_ringbuffer_write_advance`_

        """
        number = _limited(size, self.write_space, 'write_space')
        _rt.ring_write_advance(self._handle, _rt.size(number))

    @property
    def read_space(self) -> int:
        """How many bytes can be read now.

        Realtime-safe.

        Notes
        -----
        Calls: `jack_ringbuffer_read_space`_

        """
        return int(_lib.jack_ringbuffer_read_space(self._ptr))

    def read(self, size: int) -> _t.Any:
        """Take bytes out.

        Realtime-safe.

        Parameters
        ----------
        size
            How many.

        Returns
        -------
        buffer
            A copy of the bytes, fewer if there are not so many; a buffer
            object of cffi's.

        Raises
        ------
        TypeError, ValueError
            If *size* is not a number of bytes.

        See Also
        --------
        peek, read_space, read_buffers

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(16)
        >>> ring.write(b'hello')
        5
        >>> bytes(ring.read(100))
        b'hello'

        Calls: `jack_ringbuffer_read`_

        """
        if type(size) is int and 0 <= size <= _PIECE:
            return self._copy_piece(_rt.ring_read, size)
        data, size = self._memory(size)
        return _buffer(data, self._in_pieces(_rt.ring_read, data, size))

    def peek(self, size: int) -> _t.Any:
        """Look at bytes without taking them out.

        Unlike `read_buffers` this makes one piece of them.

        Realtime-safe.

        Parameters
        ----------
        size
            How many.

        Returns
        -------
        buffer
            As from `read`.

        Raises
        ------
        TypeError, ValueError
            If *size* is not a number of bytes.

        See Also
        --------
        read, read_space, read_buffers

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(16)
        >>> ring.write(b'hello')
        5
        >>> bytes(ring.peek(4)), ring.read_space
        (b'hell', 5)

        Calls: `jack_ringbuffer_peek`_

        """
        if type(size) is int and 0 <= size <= _PIECE:
            return self._copy_piece(_rt.ring_peek, size)
        data, size = self._memory(size)
        return _buffer(data, _rt.ring_peek(self._handle, _rt.handle(data),
                                           _rt.size(size)))

    @property
    def read_buffers(self) -> tuple[_t.Any, _t.Any]:
        """Two buffers with the bytes that can be read, without copying.

        See `write_buffers`; here it is `read`, `read_advance` and `reset`
        that end their meaning, and `read_advance` that gives the space back.

        Realtime-safe.

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(16)
        >>> ring.write(b'hello')
        5
        >>> b''.join(ring.read_buffers)
        b'hello'
        >>> ring.read_advance(5)

        Calls: `jack_ringbuffer_get_read_vector`_

        """
        return self._views(_rt.ring_read_vector)

    def read_advance(self, size: int) -> None:
        """Drop bytes, having looked at them with `read_buffers` or `peek`.

        Realtime-safe.

        Parameters
        ----------
        size
            How many.

        Raises
        ------
        TypeError, ValueError
            If *size* is not a number, or more than `read_space`.

        Notes
        -----
        Calls: `jack_ringbuffer_read_advance`_

        """
        number = _limited(size, self.read_space, 'read_space')
        _rt.ring_read_advance(self._handle, _rt.size(number))

    def mlock(self) -> None:
        """Keep the memory from being swapped out.

        Not realtime-safe.

        Raises
        ------
        JackErrorCode
            If the system refuses, because of a limit (``ulimit -l``), say.

        Notes
        -----
        Calls: `jack_ringbuffer_mlock`_

        """
        _check(_lib.jack_ringbuffer_mlock(self._ptr),
               'cannot lock the ring buffer into memory')

    def reset(self, size: int | None = None) -> None:
        """Empty the ring buffer.

        Neither thread may use it meanwhile.

        Not realtime-safe.

        Parameters
        ----------
        size
            A new size in bytes, rounded up to a power of two; at most the
            one that was allocated in the beginning.

        Raises
        ------
        TypeError, ValueError
            If *size* is not a number, or larger than that.

        Examples
        --------
        >>> import jack
        >>> ring = jack.RingBuffer(16)
        >>> ring.write(b'hello')
        5
        >>> ring.reset()
        >>> ring.read_space
        0

        Calls: `jack_ringbuffer_reset`_, `jack_ringbuffer_reset_size`_

        """
        if size is None:
            _rt.ring_reset(self._handle)
            return
        number = _integer(size, 'size')
        if not 0 < number <= self._allocated:
            raise ValueError(f'size must be from 1 to {self._allocated}, '
                             f'the allocated size, not {number}')
        # The C library counts on a power of two, but does not see to it.
        rounded = max(2, 1 << (number - 1).bit_length())
        if _lib.has('jack_ringbuffer_reset_size'):
            _rt.ring_reset_size(self._handle, _rt.size(rounded))
        else:
            empty = _ffi.new('jack_ringbuffer_t *', self._ptr[0])
            empty.size, empty.size_mask = rounded, rounded - 1
            empty.read_ptr = empty.write_ptr = 0
            _rt.ring_reset_to(self._ptr, empty[0])

    @property
    def size(self) -> int:
        """The size in bytes; one less can be stored.

        Realtime-safe.

        See Also
        --------
        read_space, write_space

        """
        return int(self._ptr.size)

    def _copy_piece(self, function: _t.Any, size: int) -> _t.Any:
        last = self._last
        # Taken, lest a second thread (which should not be) has it as well.
        self._last = None
        if (last is None or len(last[0]) != size
                or _references(last[0]) != _UNSHARED):
            memory = _new_chars(_CHARS, size)
            last = _buffer(memory), memory, _rt.handle(memory)
        buffer, memory, handle = last
        number = function(
            self._handle, handle,
            _rt.sizes[size] if size <= _SMALL else _rt.size(size))
        if number < size:
            return _buffer(memory, number)
        self._last = last
        return buffer

    def _memory(self, size: int) -> tuple[_t.Any, int]:
        if type(size) is not int or size < 0:
            size = _integer(size, 'size', 64)
        if size > self._allocated:
            size = self._allocated
        return _new_chars(_CHARS, size), size

    def _in_pieces(self, function: _t.Any, memory: _t.Any, size: int) -> int:
        done = 0
        while done < size:
            piece = min(size - done, _PIECE)
            number = int(function(self._handle, _rt.handle(memory + done),
                                  _rt.size(piece)))
            done += number
            if number < piece:
                break
        return done

    def _views(self, function: _t.Any) -> tuple[_t.Any, _t.Any]:
        vectors = _ffi.new('jack_ringbuffer_data_t[2]')
        ring = self._ptr
        function(self._handle, _rt.handle(vectors))

        def view(vector: _t.Any) -> _t.Any:
            # The second one has no address when it is empty.
            start = ring.buf if vector.buf == _NULL else vector.buf
            # The "destructor" is there to hold on to the ring.
            return _ffi.buffer(_ffi.gc(start, lambda _, ring=ring: None),
                               vector.len)

        return view(vectors[0]), view(vectors[1])


def _limited(size: int, limit: int, what: str) -> int:
    number = _integer(size, 'size', 64)
    if number > limit:
        raise ValueError(f'size must be at most {limit}, which is '
                         f'{what} now, not {number}')
    return number


def _bytes(data: _t.Any, argument: str) -> bytes:
    """Make bytes from a buffer or from integers."""
    if type(data) is not tuple and type(data) is not list:
        if not isinstance(data, str):
            try:
                return memoryview(data).tobytes()
            except TypeError:
                pass    # Not a buffer: go on with integers.
            except ValueError as error:
                raise ValueError(f'{argument}: {error}') from error
        try:
            if isinstance(data, str):
                raise TypeError
            # All that is of cffi claims to be iterable, and arrays only are.
            iter(data)
        except TypeError:
            raise TypeError(f'{argument} must be bytes, a buffer or a '
                            'sequence of integers, not '
                            + type(data).__name__) from None
    try:
        return bytes(data)
    except (TypeError, ValueError) as error:
        # Perhaps one of the caller's, who can tell it by its cause.
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f'{argument}: {error}') from error


# -- Module functions ---------------------------------------------------------

#: The names of all functions that are declared.
_FUNCTIONS = frozenset(_re.findall(r'\b(jack_\w+)\(', _DECLARATIONS[3]))

#: What can be the subject of a metadata property.
_Subject = _t.Union[int, str, Client, Port]


def _subject(subject: _t.Any) -> int:
    """Return the UUID that a metadata property belongs to."""
    if isinstance(subject, Port):
        return subject.uuid
    if isinstance(subject, Client):
        subject = subject.uuid
    if isinstance(subject, str):
        uuid = _ffi.new('jack_uuid_t *')
        # The C function is content with a number at the beginning, and makes
        # a UUID of any.
        if not (subject.isascii() and subject.isdecimal()) or (
                len(subject) > 20 or int(subject) >> 64) or (
                _lib.jack_uuid_parse(_encode(subject, 'subject'), uuid)):
            raise ValueError(f'subject is not a UUID: {subject!r}')
        return int(uuid[0])
    if not hasattr(subject, '__index__'):
        raise TypeError('subject must be a Client, a Port or a UUID (int or '
                        f'str), not {type(subject).__name__}')
    return _integer(subject, 'subject', 64)


def _encode_data(data: str | bytes, argument: str) -> bytes:
    if isinstance(data, str):
        return _encode(data, argument)
    if not isinstance(data, bytes):
        raise TypeError(f'{argument} must be str or bytes, '
                        f'not {type(data).__name__}')
    if b'\0' in data:
        raise ValueError(f'{argument} must not contain a null byte: encode '
                         'it, as Base64 for example')
    return data


#: In bytes, what JACK 2 has room for when it tells of a change.
_LONGEST_KEY = 256

#: In bytes; a message of PipeWire's may have 2**24, and some are its own.
_LARGEST_PROPERTY = (1 << 24) - 1024


def _check_as(cls: type[JackError], failed: int, message: str) -> None:
    """Raise a metadata error of the class that programs know for it."""
    if not failed:
        return
    if _IMPLEMENTATION == 'JACK 2':
        descriptions = _ffi.new('jack_description_t **')
        number = _read_metadata('jack_get_all_properties', descriptions)
        _free_descriptions(descriptions[0], number)
        if number < 0:
            message += (': this libjack has no metadata at all; it was made '
                        'without Berkeley DB, or cannot open its database')
    raise cls(message)


def _free_descriptions(descriptions: _t.Any, number: int) -> None:
    """Free an array from libjack."""
    for index in range(number):
        _lib.jack_free_description(descriptions + index, 0)
    if descriptions != _NULL:
        _lib.jack_free(descriptions)


def _require_database() -> None:
    """Refuse to look for metadata where there cannot be any."""
    if _IMPLEMENTATION == 'JACK 2' and not any(
            core.ptr is not None for core in _cores()):
        raise _JackRuntimeError('JACK 2 has its metadata at hand only while '
                                'this process has a client: open one first')
    if _IMPLEMENTATION == 'JACK 1':
        _database.require()


class _Reader:
    """Reads JACK 2's metadata, which end with the process's last client.

    While this is among the callers, that client is not closed.
    """

    def __init__(self, core: _Core) -> None:
        self._core = core

    def read(self, name: str, args: tuple[_t.Any, ...]) -> int | None:
        """Return what a C function returns, None if the client is closed."""
        core = self._core
        return None if core.closed or core.ptr is None else int(_workers.ask(
            name, self.call, (getattr(_lib, name), args), _PATIENCE))

    def call(self, function: _t.Any, args: tuple[_t.Any, ...]) -> int:
        """Do it, on another thread, which may take longer than that."""
        return int(function(*args))


def _read_metadata(name: str, *args: _t.Any) -> int:
    """Call a C function that reads metadata.

    On JACK it may wait for other programs, and they for it, for ever.
    """
    _require_database()
    function = getattr(_lib, name)
    if _IMPLEMENTATION == 'PipeWire':
        return int(function(*args))
    if _IMPLEMENTATION == 'JACK 1':
        return int(_workers.ask(name, function, args, _PATIENCE))
    for core in _cores():
        code = _Reader(core).read(name, args)
        if code is not None:
            return code
    _require_database()
    raise _JackRuntimeError('the last client is just being closed')


class _Database:
    """Opens JACK 1's metadata, of which libjack does not see whether it could.

    When it could not, it crashes at the next attempt, or hangs at once.
    """

    #: So many files it may need at the same time.
    FILES = 16
    #: In bytes; libjack writes so many at most.
    LONGEST_PATH = 4097

    def __init__(self) -> None:
        self.opened: bool | None = None
        self.path = ''
        #: Which file it was.
        self.file: tuple[int, int] | None = None
        self.reset()

    def reset(self) -> None:
        """Let a forked child not wait for a thread that it does not have."""
        self.lock = _Lock()
        #: Berkeley DB forbids a child to use what its parent has opened.
        self.is_parents = self.opened is not None

    def require(self) -> None:
        """Have it opened, or raise an error."""
        if self.is_parents:
            raise _JackRuntimeError(
                'a forked child cannot use the metadata when its parent has '
                "done so on JACK 1: start it with multiprocessing's method "
                "'spawn', or as a program of its own")
        if not self.opened:
            with self.lock:
                _workers.ask('jack_get_properties', self.open, (), _PATIENCE)
        elif self.identify() != self.file:
            # Nobody else would see what is written, nor we what others write.
            raise _JackRuntimeError(
                'the JACK server has ended whose metadata libjack has opened, '
                'and it opens no others: start the program anew')

    def identify(self) -> tuple[int, int] | None:
        """Return the device and inode of the file."""
        try:
            status = _os.stat(self.path)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def open(self) -> None:
        """Have it opened at the first time, and once only."""
        if self.opened is None:
            try:
                _find_files(self.FILES)
            except OSError as error:
                raise _JackRuntimeError('JACK 1 needs some files for the '
                                        f'metadata: {error}') from error
            folder = self.folder()
            if not _os.access(folder, _os.R_OK | _os.W_OK | _os.X_OK):
                raise _JackRuntimeError(
                    f'there are no metadata in {folder!r}: no JACK server of '
                    'this name runs there (JACK 1 has them for the one that '
                    'JACK_DEFAULT_SERVER names, or "default")')
            # Of a subject which nobody has: to see whether that succeeds.
            description = _ffi.new('jack_description_t *')
            # Not yet: but from now on, no forked child may do it again.
            self.opened = False
            self.opened = _lib.jack_get_properties(0, description) >= 0
            _lib.jack_free_description(description, 0)
            self.path = _os.path.join(folder, 'metadata.db')
            self.file = self.identify()
        if not self.opened:
            raise _JackRuntimeError(
                'libjack could not open the metadata, and would crash if it '
                'was asked again: start the program anew')

    def folder(self) -> str:
        """Return where the metadata are, as libjack finds the place."""
        import ctypes
        folder = ctypes.create_string_buffer(self.LONGEST_PATH)
        ctypes.CDLL(_lib._path).jack_server_dir(None, folder)
        return _os.fsdecode(folder.value)


_database = _Database()


def _take_properties(description: _t.Any) -> dict[str, tuple[bytes, str]]:
    """Convert a description from libjack."""
    return {
        _string(item.key): (
            _ffi.string(item.data),
            _string(item.type) if item.type != _NULL else '')
        for item in (description.properties[i]
                     for i in range(description.property_cnt))}


def get_property(subject: _Subject, key: str) -> tuple[bytes, str] | None:
    """Return a metadata property.

    Not realtime-safe.

    Parameters
    ----------
    subject, key
        See `Client.set_property`.

    Returns
    -------
    tuple of bytes and str, or None
        Value and type; `None` if there is no such property.

    Raises
    ------
    JackError
        On JACK 2, when this process has no client.

    Notes
    -----
    Calls: `jack_get_property`_

    """
    value, kind = _ffi.new('char **'), _ffi.new('char **')
    if _read_metadata('jack_get_property', _subject(subject),
                      _encode_name(key, 'key'), value, kind):
        return None
    try:
        return (_ffi.string(value[0]),
                _string(kind[0]) if kind[0] != _NULL else '')
    finally:
        _lib.jack_free(value[0])
        _lib.jack_free(kind[0])


def get_properties(subject: _Subject) -> dict[str, tuple[bytes, str]]:
    """Return all metadata properties of a subject.

    Not realtime-safe.

    Parameters
    ----------
    subject
        See `Client.set_property`.

    Returns
    -------
    dict
        Value and type for each key.

    Raises
    ------
    JackError
        If the database cannot be read (a `RuntimeError` as well).

    Examples
    --------
    >>> import jack
    >>> client = jack.Client('labelled')
    >>> client.set_property(client, jack.METADATA_ICON_NAME, 'guitar')
    >>> jack.get_properties(client)
    {'http://jackaudio.org/metadata/icon-name': (b'guitar', '')}
    >>> client.remove_properties(client)
    1
    >>> client.close()

    Calls: `jack_get_properties`_

    """
    description = _ffi.new('jack_description_t *')
    uuid = _subject(subject)
    failed = _read_metadata('jack_get_properties', uuid, description) < 0
    if failed and _IMPLEMENTATION == 'PipeWire':
        return {}   # It has none.
    _check_as(_JackRuntimeError, failed,
              f'cannot get the properties of {uuid}')
    try:
        return _take_properties(description)
    finally:
        _lib.jack_free_description(description, 0)


def get_all_properties() -> dict[int, dict[str, tuple[bytes, str]]]:
    """Return all metadata properties of all subjects.

    Not realtime-safe.

    Returns
    -------
    dict
        What `get_properties` returns, for each subject's UUID.

    Raises
    ------
    JackError
        If the database cannot be read (a `RuntimeError` as well).

    Notes
    -----
    Calls: `jack_get_all_properties`_

    """
    descriptions = _ffi.new('jack_description_t **')
    number = _read_metadata('jack_get_all_properties', descriptions)
    _check_as(_JackRuntimeError, number < 0, 'cannot get the properties')
    try:
        return {
            int(description.subject): _take_properties(description)
            for description in map(descriptions[0].__add__, range(number))}
    finally:
        _free_descriptions(descriptions[0], number)


def version() -> tuple[int, int, int, int]:
    """Return libjack's version: major, minor, micro, protocol.

    JACK 2 does not implement it and says ``(0, 0, 0, 0)``; there is
    `version_string`.

    Realtime-safe.

    Returns
    -------
    tuple of four int
        Major, minor, micro, and protocol version.

    Notes
    -----
    Calls: `jack_get_version`_

    """
    numbers = [_ffi.new('int *') for _ in range(4)]
    _lib.jack_get_version(*numbers)
    major, minor, micro, protocol = (int(number[0]) for number in numbers)
    return major, minor, micro, protocol


def version_string() -> str:
    """Return libjack's version in words.

    Realtime-safe.

    Returns
    -------
    str
        Such as ``'1.9.21'``.

    Notes
    -----
    Calls: `jack_get_version_string`_

    """
    return _string(_lib.jack_get_version_string())


def client_name_size() -> int:
    """Return the largest size of a client's name, in bytes.

    The null character at the end counts; it is always the same number.

    Realtime-safe.

    Returns
    -------
    int
        In bytes of UTF-8.

    Notes
    -----
    Calls: `jack_client_name_size`_

    """
    return int(_lib.jack_client_name_size())


def port_name_size() -> int:
    """Return the largest size of a port's full name, in bytes.

    That is the client's name, a colon, the port's short name and a null
    character; it is always the same number.

    Realtime-safe.

    Returns
    -------
    int
        In bytes of UTF-8.

    Notes
    -----
    Calls: `jack_port_name_size`_

    """
    return int(_lib.jack_port_name_size())


def port_type_size() -> int:
    """Return the largest size of the name of a port type, in bytes.

    Realtime-safe.

    Returns
    -------
    int
        In bytes of UTF-8.

    Notes
    -----
    Calls: `jack_port_type_size`_

    """
    return int(_lib.jack_port_type_size())


def client_pid(name: str) -> int:
    """Return the process ID of a client.

    Not realtime-safe.

    Parameters
    ----------
    name
        The client's name.

    Returns
    -------
    int
        0 if it is not known, as always on JACK 2.

    Notes
    -----
    Calls: `jack_get_client_pid`_

    """
    name_bytes = _encode_name(name, 'name')
    if _IMPLEMENTATION == 'JACK 2' and _lib.has('jack_get_client_pid'):
        # It does nothing but print that it is not there.
        return 0
    return int(_lib.jack_get_client_pid(name_bytes))


def get_time() -> int:
    """Return the time now, in microseconds of JACK's clock.

    Realtime-safe.

    Returns
    -------
    int
        Comparable with `CycleTimes` and `Client.frames_to_time`.

    Raises
    ------
    JackError
        On JACK 2 and JACK 1 before the first client was opened: there is no
        clock yet.

    Notes
    -----
    Calls: `jack_get_time`_

    """
    if _IMPLEMENTATION != 'PipeWire' and not _clock_runs:
        # JACK 2 1.9.21 and JACK 1 0.126.0 would follow a null pointer.
        raise JackError(
            f'{_IMPLEMENTATION} has no clock before a client is opened')
    return int(_lib.jack_get_time())


def function_address(name: str) -> int:
    """Return the address of one of libjack's functions.

    For native callbacks which need it: ctypes makes a function of it, which
    Numba can call as well.

    Not realtime-safe.

    Parameters
    ----------
    name
        The C function's name, such as ``'jack_port_get_buffer'``.

    Returns
    -------
    int
        The address of machine code.

    Raises
    ------
    JackError
        If this libjack has no such function.

    See Also
    --------
    Client.set_process_callback, OwnPort.address

    Examples
    --------
    >>> import ctypes, jack
    >>> size = ctypes.CFUNCTYPE(ctypes.c_int)(
    ...     jack.function_address('jack_port_name_size'))
    >>> size() == jack.port_name_size()
    True

    """
    _encode_name(name, 'name')
    if name not in _FUNCTIONS:
        raise JackError(f'there is no function {name!r} in the C API of JACK')
    return _address(name)


def acquire_realtime_scheduling(thread: int, priority: int) -> None:
    """Give a thread real-time scheduling.

    On JACK 2 this needs an open client in this process.

    Not realtime-safe.

    Parameters
    ----------
    thread
        A native thread handle, such as `threading.get_ident` returns.
    priority
        At most `Client.max_realtime_priority` makes sense.

    Raises
    ------
    JackErrorCode
        If the system refuses.

    Notes
    -----
    Calls: `jack_acquire_real_time_scheduling`_

    """
    handle, level = _integer(thread, 'thread', 64), _integer(priority,
                                                             'priority', 31)
    _check_thread(handle)
    _check(_lib.jack_acquire_real_time_scheduling(handle, level),
           f'cannot give a thread the real-time priority {level}; the user '
           'may need the right to, and JACK 2 an open client')


def drop_realtime_scheduling(thread: int) -> None:
    """Give a thread the ordinary scheduling again.

    Not realtime-safe.

    Parameters
    ----------
    thread
        A native thread handle, such as `threading.get_ident` returns.

    Raises
    ------
    JackErrorCode
        If the system refuses.

    Notes
    -----
    Calls: `jack_drop_real_time_scheduling`_

    """
    handle = _integer(thread, 'thread', 64)
    _check_thread(handle)
    _check(_lib.jack_drop_real_time_scheduling(handle),
           'cannot take real-time scheduling from a thread; JACK 2 needs an '
           'open client for that')


def _check_thread(handle: int) -> None:
    """Refuse what is not a thread: the C library would follow the address."""
    # Of others, Python learns the beginning but not the end.
    known = {thread.ident for thread in _threading.enumerate()
             if not isinstance(thread, _threading._DummyThread)}
    if handle not in known | _cycle_threads | {_get_ident()}:
        raise ValueError('thread must be the identifier of a thread which '
                         'Python has started and which lives, of a process '
                         f'thread, or of the calling one, not {handle}')


class _Messages:
    """Where libjack's messages of one kind go.

    The C callback is never freed: another thread may be about to enter it.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        variable = f'jack_{kind}_callback'
        self.default = (getattr(_lib._raw, variable) if _lib.has(variable)
                        else _NULL)
        self.function: _t.Any = None
        self.trampoline = _ffi.callback('void (*)(const char *)', self.entry)

    def entry(self, message: _t.Any) -> None:
        function = self.function
        ident, cores = _get_ident(), []
        if _sys._getframe().f_back is None:
            # A thread of libjack's, which closing one of these may end.
            cores = _cores()
        for core in cores:
            core.inside.add(ident)
            core.speakers.add(_threading.get_native_id())
        try:
            if function is None:
                # It has just been taken away, perhaps by a thread or a signal
                # handler within another setting, which C was told of last.
                self.default(message)
            else:
                function(_string(message))
        except BaseException as error:
            _report(f'{self.kind} function', error)
        finally:
            for core in cores:
                core.inside.discard(ident)
        if _IMPLEMENTATION == 'JACK 2':
            _await_reader(_ffi.string(message))


_messages: dict[str, _Messages] = {}


def _set_message_function(kind: str, callback: _t.Any) -> None:
    setter = getattr(_lib, f'jack_set_{kind}_function')
    if callback is not None:
        _callable(callback)
    messages = _messages.get(kind)
    if messages is None:
        # If another thread does the same, one of them is kept.
        messages = _messages.setdefault(kind, _Messages(kind))
    messages.function = callback
    setter(messages.default if callback is None else messages.trampoline)


def set_error_function(
        callback: _abc.Callable[[str], object] | None = None) -> _t.Any:
    """Have a function called with libjack's error messages.

    Not realtime-safe.

    Parameters
    ----------
    callback
        ``callback(message: str) -> None``, on any thread; a method of a
        `logging.Logger` is a good one.  `None` brings libjack's own function
        back, which prints to stderr.

    Returns
    -------
    callable
        *callback*, so that this function serves as a decorator.

    Raises
    ------
    TypeError
        If *callback* cannot be called.

    Examples
    --------
    >>> import jack, logging
    >>> function = jack.set_error_function(logging.getLogger('jack').error)
    >>> jack.set_error_function(None)

    Calls: `jack_set_error_function`_

    """
    _set_message_function('error', callback)
    return callback


def set_info_function(
        callback: _abc.Callable[[str], object] | None = None) -> _t.Any:
    """Have a function called with libjack's other messages.

    Not realtime-safe.

    Parameters
    ----------
    callback
        See `set_error_function`.

    Returns
    -------
    callable
        *callback*, so that this function serves as a decorator.

    Raises
    ------
    TypeError
        If *callback* cannot be called.

    Notes
    -----
    Calls: `jack_set_info_function`_

    """
    _set_message_function('info', callback)
    return callback


# -- python3 -m jack ----------------------------------------------------------

def _library_file() -> str:
    """Return the path of the libjack in use, as well as it can be known."""
    try:
        with open('/proc/self/maps', encoding='utf-8',
                  errors='surrogateescape') as file:
            for line in file:
                path = line.partition('/')[2].rstrip('\n')
                if _os.path.basename(path).startswith('libjack'):
                    return '/' + path
    except FileNotFoundError:
        return str(_lib._path)     # Only Linux has it.
    return str(_lib._path)


def _describe_module() -> dict[str, _t.Any]:
    library = {'file': _library_file(), 'implementation': _IMPLEMENTATION}
    if _lib.has('jack_get_version_string'):
        library['version'] = version_string()
    return {'module': __version__, 'python': _sys.version.split()[0],
            'library': library}


def _describe_server(client: Client) -> dict[str, _t.Any]:
    state, position = client.transport_query()
    return {
        'name': client._core.server,
        'samplerate': client.samplerate,
        'blocksize': client.blocksize,
        'realtime': client.realtime,
        'cpu_load': client.cpu_load(),
        'transport': {'state': repr(state).partition('.')[2], **position},
    }


def _describe_port(client: Client, port: Port) -> dict[str, _t.Any]:
    return {
        'name': port.name,
        'type': port.type,
        'direction': 'input' if port.is_input else 'output',
        'physical': port.is_physical,
        'terminal': port.is_terminal,
        'can_monitor': port.can_monitor,
        'uuid': port.uuid,
        'aliases': port.aliases,
        'capture_latency': port.get_latency_range(CAPTURE_LATENCY),
        'playback_latency': port.get_latency_range(PLAYBACK_LATENCY),
        'connections': [other.name
                        for other in client.get_all_connections(port)],
    }


def _describe_ports(client: Client) -> list[dict[str, _t.Any]]:
    ports = []
    for port in client.get_ports():
        # It may vanish while it is being looked at.
        with _contextlib.suppress(JackError):
            ports.append(_describe_port(client, port))
    return ports


def _format_text(facts: dict[str, _t.Any]) -> str:
    library, server = facts['library'], facts['server']
    transport = server['transport']
    lines = [
        f'JACK-Client {facts["module"]}, Python {facts["python"]}',
        f'library     {_format_library(library)}',
        f'server      {server["name"]}: {server["samplerate"]} Hz, '
        f'{server["blocksize"]} frames per cycle, '
        + ('real-time' if server['realtime'] else 'not real-time')
        + f', load {server["cpu_load"]:.1f} %',
        f'transport   {transport["state"]} at frame {transport["frame"]}',
        f'ports       {len(facts["ports"])}',
    ]
    for port in facts['ports']:
        marks = [mark for mark in ('physical', 'terminal') if port[mark]]
        lines.append(f'  {port["name"]}')
        lines.append(
            f'    {" ".join([*marks, port["direction"]])}, {port["type"]}, '
            'latency {}-{} capture, {}-{} playback'.format(
                *port['capture_latency'], *port['playback_latency']))
        if port['aliases']:
            lines.append('    also ' + ', '.join(port['aliases']))
        arrow = '->' if port['direction'] == 'output' else '<-'
        lines += [f'    {arrow} {other}' for other in port['connections']]
    return '\n'.join(lines)


def _format_library(library: dict[str, str]) -> str:
    words = [library['implementation']]
    if 'version' in library:
        words.append(library['version'])
    return f'{library["file"]} ({" ".join(words)})'


def _format_dot(facts: dict[str, _t.Any]) -> str:
    """Draw the graph for Graphviz: a box per client, inputs on its left.

    Hardware is drawn apart, so that the graph begins with what it captures
    and ends with what it plays.
    """
    boxes: dict[str, list[dict[str, _t.Any]]] = {}
    for port in facts['ports']:
        box = port['name'].partition(':')[0]
        if port['physical']:
            box += f' ({port["direction"]})'
        boxes.setdefault(box, []).append(port)
    places = {port['name']: f'{_quote(box)}:p{number}'
              for box, ports in boxes.items()
              for number, port in enumerate(ports)}
    lines = ['digraph jack {', '  rankdir=LR;',
             '  node [shape=plain, fontname="sans-serif", fontsize=10];']
    lines += [f'  {_quote(box)} [label=<{_format_box(ports)}>];'
              for box, ports in boxes.items()]
    lines += [f'  {places[port["name"]]}:e -> {places[other]}:w;'
              for port in facts['ports'] if port['direction'] == 'output'
              for other in port['connections'] if other in places]
    return '\n'.join([*lines, '}'])


def _format_box(ports: list[dict[str, _t.Any]]) -> str:
    """Make a table of a client's ports in Graphviz's kind of HTML."""
    import html
    cells: dict[str, list[str]] = {'input': [], 'output': []}
    for number, port in enumerate(ports):
        text = html.escape(port['name'].partition(':')[2])
        cells[port['direction']].append(
            f'<td port="p{number}">{text or " "}</td>')
    name = html.escape(ports[0]['name'].partition(':')[0])
    rows = ''.join(f'<tr>{a}{b}</tr>' for a, b in _itertools.zip_longest(
        *cells.values(), fillvalue='<td border="0"></td>'))
    return ('<table cellspacing="0" cellpadding="4"><tr><td colspan="2" '
            f'border="0"><b>{name}</b></td></tr>{rows}</table>')


def _quote(text: str) -> str:
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def _main() -> int:
    """Print what there is to know about library, server and graph."""
    import argparse
    import json
    parser = argparse.ArgumentParser(
        prog='python3 -m jack',
        description='Show which JACK library is in use, the state of the '
                    'JACK server, and the graph of its ports.')
    parser.add_argument('-s', '--server', metavar='NAME',
                        help='name of the server')
    group = parser.add_mutually_exclusive_group()
    group.add_argument('--json', action='store_true',
                       help='print all of it as JSON')
    group.add_argument('--dot', action='store_true',
                       help='print the graph for Graphviz')
    options = parser.parse_args()
    facts = _describe_module()
    set_error_function(lambda message: None)
    try:
        client = Client('python-jack-info', no_start_server=True,
                        servername=options.server)
        # The server may end in the middle of this.
        facts['server'] = _describe_server(client)
        facts['ports'] = _describe_ports(client)
        client.close()
    except ValueError as error:
        parser.error(str(error))
    except JackError as error:
        if options.json:
            _print(json.dumps({**facts, 'error': str(error)}, indent=2))
        else:
            _complain(f'JACK-Client {facts["module"]}, library '
                      f'{_format_library(facts["library"])}')
        _complain(str(error))
        return 1
    if options.json:
        text = json.dumps(facts, indent=2)
    else:
        text = (_format_dot if options.dot else _format_text)(facts)
    return 0 if _print(text) else 1


def _print(text: str) -> bool:
    """Print to stdout, as far as it goes; tell whether all of it went."""
    if _sys.stdout is None:
        _complain('cannot print: stdout is closed')
        return False
    # Names that are not UTF-8 must not be the end of it.
    data = text.encode('utf-8', 'surrogateescape') + b'\n'
    try:
        _sys.stdout.buffer.write(data)
        _sys.stdout.flush()
    except OSError as error:
        # Let Python not stumble over it again at exit.
        _os.dup2(_os.open(_os.devnull, _os.O_WRONLY), _sys.stdout.fileno())
        # Who does not read on wants to hear no more.
        if not isinstance(error, BrokenPipeError):
            _complain(f'cannot print: {error}')
        return False
    return True


def _complain(message: str) -> None:
    """Print to stderr, if there is one: print() would take stdout."""
    if _sys.stderr is not None:
        print(message, file=_sys.stderr)


if __name__ == '__main__':
    _sys.exit(_main())
