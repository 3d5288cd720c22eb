"""What was got in one cycle does no harm in another, nor elsewhere."""

import pytest
from notifications import NEEDS

BEGIN = """
import gc
import queue
import sys
import threading
import jack
import numpy
from tests.notifications import NOTIFICATIONS, Other, wait_until

client = jack.Client('keeper')
audio_in = client.inports.register('in')
audio_out = client.outports.register('out')
midi_in = client.midi_inports.register('midi-in')
midi_out = client.midi_outports.register('midi-out')

class Cycles:
    '''Runs functions in the process callback, and hands on their errors.'''

    def __init__(self, client):
        self.jobs = queue.SimpleQueue()
        self.each = lambda: None
        self.count = 0
        client.set_process_callback(self.process)

    def process(self, frames):
        self.count += 1
        self.each()
        if self.jobs.empty():
            return
        job, results = self.jobs.get()
        try:
            results.put((job(), None))
        except BaseException as error:
            results.put((None, error))

    def run(self, job):
        results = queue.SimpleQueue()
        self.jobs.put((job, results))
        result, error = results.get(timeout=5)
        if error is not None:
            raise error
        return result

cycles = Cycles(client)
"""

SCRIBBLE = (
    BEGIN
    + """
receiver = jack.Client('receiver')
ear = receiver.inports.register('ear')
midi_ear = receiver.midi_inports.register('midi-ear')
heard, notes, problems = [], set(), []

@receiver.set_process_callback
def listen(frames):
    values = set(numpy.array(ear.get_array()))
    if values != {0}:
        heard.append(values)
    notes.update(bytes(event) for _, event in midi_ear.incoming_midi_events())

kept, kept_events = [], []

def send():
    '''Write to fresh buffers, then into all that are left from before.'''
    block = audio_out.get_array()
    block[:] = cycles.count
    midi_out.clear_buffer()
    event = midi_out.reserve_midi_event(0, 3)
    event[:] = bytes([0x90, cycles.count % 100, 100])
    incoming = audio_in.get_array()
    before = incoming.copy()
    for buffer in kept:
        buffer[:] = b'\\xff' * len(buffer)
    for array in kept_arrays:
        array[:] = numpy.nan
    for old in kept_events:
        old[:] = b'\\xff\\xff\\xff'
    if not (incoming == before).all():
        problems.append('a kept input changed a later one')
    if not (block == cycles.count).all():
        problems.append('a kept output changed a later one')
    if cycles.count <= 3:
        kept.extend([audio_out.get_buffer(), memoryview(
            audio_out.get_buffer()), audio_in.get_buffer()])
        kept_arrays.extend([block, block[10:20], incoming[::2]])
        kept_events.extend([event])

kept_arrays = []
cycles.each = send
receiver.activate()
client.activate()
client.connect(audio_out, ear)
client.connect(midi_out, midi_ear)
client.connect('system:capture_1', audio_in)
wait_until(lambda: len(heard) > 200 and len(notes) > 90, 20)
client.close()
receiver.close()
assert not problems, problems[:3]
assert all(len(values) == 1 for values in heard), heard[:3]
assert not any(value != value for values in heard for value in values)
assert all(note[0] == 0x90 for note in notes), notes
"""
)


def test_writing_into_kept_buffers_changes_no_later_cycle(
    mode_server, run_python
):
    child = run_python(SCRIBBLE, server=mode_server)
    assert child.stderr == ''


AFTERWARDS = (
    BEGIN
    + """
sender = jack.Client('sender')
mouth = sender.midi_outports.register('mouth')

@sender.set_process_callback
def speak(frames):
    mouth.clear_buffer()
    mouth.write_midi_event(0, b'\\x90\\x40\\x7f')

def keep():
    events = [event for _, event in midi_in.incoming_midi_events()]
    iterator = midi_in.incoming_midi_events()
    if not events:
        return None
    return [
        audio_in.get_buffer(),
        audio_out.get_buffer(),
        memoryview(audio_in.get_buffer()).cast('f'),
        audio_in.get_array(),
        audio_out.get_array(),
        audio_out.get_array()[5:15],
        midi_out.reserve_midi_event(0, 3),
        *events,
    ], iterator

sender.activate()
client.activate()
sender.connect(mouth, midi_in)
wait_until(lambda: cycles.run(lambda: len(list(
    midi_in.incoming_midi_events()))))
kept, iterator = cycles.run(keep)
end = sys.argv[1]
if end == 'later cycle':
    count = cycles.count
    wait_until(lambda: cycles.count > count + 10)
elif end == 'close':
    client.close()
    sender.close()
elif end == 'deactivate':
    client.deactivate()
elif end == 'unregister':
    for ports in (client.inports, client.outports, client.midi_inports,
                  client.midi_outports):
        ports.clear()
elif end == 'larger blocks':
    client.blocksize = 1024
elif end == 'smaller blocks':
    client.blocksize = 64
elif end == 'no client':
    sender.close()
    client.deactivate()
    del client, cycles, sender, mouth, speak
    del audio_in, audio_out, midi_in, midi_out
    gc.collect()
# It has copies of its own cycle's events, whenever it gives them.
assert [bytes(event) for _, event in iterator] == [b'\\x90\\x40\\x7f']
for number, buffer in enumerate(kept, 100):
    view = memoryview(buffer).cast('B')
    view[:] = bytes([number]) * len(view)
# Had the memory been given back, somebody else would have it by now.
others = [jack.RingBuffer(1024) for _ in range(100)]
others += [bytearray(n) for n in range(1, 2000)]
for ring in others[:100]:
    ring.write(b'x' * 1023)
for buffer in kept:
    # Some of them are views of the same memory, and the last one has won.
    values = set(memoryview(buffer).cast('B'))
    assert values <= set(range(100, 100 + len(kept))), values
"""
)


@pytest.mark.parametrize(
    'end',
    [
        'later cycle',
        'close',
        'deactivate',
        'unregister',
        'larger blocks',
        'smaller blocks',
        'no client',
    ],
)
def test_kept_buffers_remain_memory_of_their_own(make_server, run_python, end):
    child = run_python(AFTERWARDS, end, server=make_server(mode='sync'))
    assert child.stderr == ''


ELSEWHERE = (
    BEGIN
    + """
calls = [
    audio_in.get_buffer,
    audio_in.get_array,
    audio_out.get_buffer,
    audio_out.get_array,
    midi_in.incoming_midi_events,
    midi_out.clear_buffer,
    lambda: midi_out.write_midi_event(0, b'\\x90\\x40\\x40'),
    lambda: midi_out.reserve_midi_event(0, 3),
    lambda: midi_in.max_event_size,
    lambda: midi_in.lost_midi_events,
]
places = queue.SimpleQueue()
seen = set()

def misuse(place):
    if place in seen:
        return
    seen.add(place)
    for number, call in enumerate(calls):
        try:
            result = call()
        except jack.JackError as error:
            if 'process callback' not in str(error):
                places.put(f'{place}: {number}: {error}')
        except BaseException as error:
            places.put(f'{place}: {number}: {error!r}')
        else:
            places.put(f'{place}: {number}: returned {result!r}')

kinds = {*NOTIFICATIONS, 'latency', 'thread_init', 'samplerate', 'timebase',
         'sync'} - set(sys.argv[1:])
for kind in kinds:
    def callback(*args, kind=kind):
        misuse(kind)
        return True
    getattr(client, f'set_{kind}_callback')(callback)
misuse('main thread, inactive')
client.activate()
other = Other()
misuse('main thread')
held, go_on = threading.Event(), threading.Event()

def hold():
    for call in calls:
        call()
    held.set()
    go_on.wait(5)

thread = threading.Thread(target=cycles.run, args=(hold,))
thread.start()
assert held.wait(5)
misuse('another thread, while the callback runs')
go_on.set()
thread.join()
foreign = jack.Client('foreign')
foreign_cycles = Cycles(foreign)
foreign.activate()
foreign_cycles.run(lambda: misuse('process callback of another client'))
foreign.close()
for kind in NOTIFICATIONS:
    getattr(other, kind)()
other.timebase()
wait_until(lambda: seen >= kinds, 10)
other.close()
client.close()
wrong = [places.get() for _ in range(places.qsize())]
assert not wrong, '\\n'.join(wrong)
"""
)


def test_nothing_of_the_cycle_works_elsewhere(mode_server, run_python, lacks):
    missing = [kind for kind, feature in NEEDS.items() if lacks(feature)]
    child = run_python(ELSEWHERE, *missing, server=mode_server, timeout=40)
    assert child.stderr == ''
