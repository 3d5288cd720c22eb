"""Two servers, as on two machines, which JACK's own engine connects.

The network is the loopback interface, and only one address of it: with
multicast on one machine, a server would read its own announcements.
"""

import contextlib

import pytest
import servers
from peers import Peer

MASTER = """
import array
import sys
import threading
import jack
from tests.notifications import wait_until
from tests.signals import block_number, make_block

client = jack.Client('local')
manager = client.load_internal_client(
    'netmanager', 'netmanager', f'-a 127.0.0.1 -p {sys.argv[1]}')
print('waiting', flush=True)

audio_out = client.outports.register('out')
audio_in = client.inports.register('in')
midi_out = client.midi_outports.register('midi-out')
midi_in = client.midi_inports.register('midi-in')
BLOCKS = [make_block(number, client.blocksize) for number in range(1, 100)]
heard, notes = [], []
cycle = 0

@client.set_process_callback
def process(frames):
    global cycle
    audio_out.get_buffer()[:] = BLOCKS[cycle % 99]
    heard.append(bytes(audio_in.get_buffer()))
    midi_out.clear_buffer()
    midi_out.write_midi_event(cycle % frames, (0x90, cycle % 99, 100))
    notes.extend((time, bytes(event))
                 for time, event in midi_in.incoming_midi_events())
    cycle += 1

def in_order(numbers):
    '''Whether so many came one after the other, with none left out.'''
    return len(numbers) == 150 and all(
        b == a % 99 + 1 for a, b in zip(numbers, numbers[1:]))

def connected(source, destination):
    try:
        client.connect(source, destination)
    except jack.JackErrorCode:
        # The ports are there a moment before they can be connected.
        return False
    return True

with client:
    wait_until(lambda: len(client.get_ports('^remote:')) == 6, 10)
    for ends in ((audio_out, 'remote:to_slave_1'),
                 ('remote:from_slave_1', audio_in),
                 (midi_out, 'remote:midi_to_slave_1'),
                 ('remote:midi_from_slave_1', midi_in)):
        wait_until(lambda: connected(*ends))
    print('joined', flush=True)
    wait_until(lambda: in_order(
        [int(block_number(b)) for b in heard[-150:]]), 20)
    assert all(b == BLOCKS[int(block_number(b)) - 1] for b in heard[-150:])
    wait_until(lambda: in_order(
        [event[1] + 1 for _, event in notes[-150:]]), 20)
    print('heard', flush=True)
    sys.stdin.read()
    manager.unload()
"""

SLAVE = """
import sys
import jack
from tests.notifications import wait_until

client = jack.Client('echo')
audio_in = client.inports.register('in')
audio_out = client.outports.register('out')
midi_in = client.midi_inports.register('midi-in')
midi_out = client.midi_outports.register('midi-out')

@client.set_process_callback
def process(frames):
    audio_out.get_buffer()[:] = audio_in.get_buffer()
    midi_out.clear_buffer()
    for time, event in midi_in.incoming_midi_events():
        midi_out.write_midi_event(time, event)

with client:
    client.connect('system:capture_1', audio_in)
    client.connect(audio_out, 'system:playback_1')
    client.connect('system:midi_capture_1', midi_in)
    client.connect(midi_out, 'system:midi_playback_1')
    print('connected', flush=True)
    sys.stdin.read()
"""


@pytest.mark.needs('internal clients')
def test_audio_and_midi_go_to_another_server_and_back():
    net_port = servers.free_udp_port()
    there = servers.NetSlave(net_port)
    here = servers.NetMaster(blocksize=1024)
    with here, contextlib.ExitStack() as stack:
        # The master is the first to go: a server of 1.9.21 whose slave has
        # vanished does not always end.
        stack.callback(there.stop)
        local = stack.enter_context(Peer(here, MASTER, net_port))
        local.hear('waiting')
        there.start()
        local.hear('joined', 20)
        with Peer(there, SLAVE) as echo:
            echo.hear('connected', 20)
            local.hear('heard', 40)
    assert here.leftovers() == there.leftovers() == []
