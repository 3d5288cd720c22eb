"""Do one piece of work with the module `jack`, whichever that is.

Run by run.py, with the interpreter of one environment or the other.  Prints
a line of JSON: how often the work was done, and the CPU time for each.
"""

import argparse
import ctypes
import json
import os
import sys
import time

import jack
import numpy as np

MAX_PORTS = 64
NOTE = bytes([0x90, 60, 100])


class Work(ctypes.Structure):
    """What worker.c's callbacks take: the struct of that name."""

    _fields_ = [
        ('cycles', ctypes.c_uint64),
        ('size', ctypes.c_uint64),
        ('ins', ctypes.c_void_p * MAX_PORTS),
        ('outs', ctypes.c_void_p * MAX_PORTS),
    ]


class InCycle:
    """Work that is done in the process callback."""

    def __init__(self, job, size):
        self.cycles = 0
        self.job = job
        self.size = size
        self.client = client = jack.Client('worker', no_start_server=True)
        if job == 'midi':
            self.ins, self.outs, number = (
                client.midi_inports, client.midi_outports, 2)
        else:
            self.ins, self.outs, number = client.inports, client.outports, size
        for n in range(0 if job == 'empty' else number):
            self.ins.register(f'in{n}')
            self.outs.register(f'out{n}')

    def use_python(self):
        self.client.set_process_callback(getattr(self, self.job)())

    def use_native(self, path):
        """Have worker.c's function do it."""
        library = ctypes.CDLL(path)
        name = {'empty': 'empty', 'midi': 'midi'}.get(self.job, 'audio')
        self.set_native(getattr(library, f'do_{name}'))

    def set_native(self, function):
        addresses = [
            (ctypes.c_void_p * MAX_PORTS)(*[port.address for port in ports])
            for ports in (self.ins, self.outs)
        ]
        self.work = Work(0, self.size, *addresses)
        self.client.set_process_callback(function, self.work)

    def count(self):
        return self.work.cycles if hasattr(self, 'work') else self.cycles

    def activate(self):
        self.client.activate()
        for n, (sink, source) in enumerate(zip(self.ins, self.outs)):
            self.client.connect(
                self.outs[0] if self.job == 'midi' else source, sink)

    # Each of these returns a process callback.

    def empty(self):
        def process(frames):
            self.cycles += 1
        return process

    def array(self):
        pairs = list(zip(self.ins, self.outs))

        def process(frames):
            for source, sink in pairs:
                sink.get_array()[:] = source.get_array()
            self.cycles += 1
        return process

    def buffer(self):
        pairs = list(zip(self.ins, self.outs))

        def process(frames):
            for source, sink in pairs:
                sink.get_buffer()[:] = source.get_buffer()
            self.cycles += 1
        return process

    def midi(self):
        source, thru_source = self.ins
        sink, thru_sink = self.outs
        size = self.size

        def process(frames):
            sink.clear_buffer()
            for _ in range(size):
                sink.write_midi_event(0, NOTE)
            total = 0
            for offset, data in source.incoming_midi_events():
                total += offset + ord(data[1])
            thru_sink.clear_buffer()
            for offset, data in thru_source.incoming_midi_events():
                thru_sink.write_midi_event(offset, data)
            self.cycles += 1
        return process


def in_freewheel(args):
    work = InCycle(args.job, args.size)
    if args.native:
        work.use_native(args.native)
    else:
        work.use_python()
    work.activate()
    work.client.set_freewheel(True)
    time.sleep(0.1)
    count = work.count()
    cpu = time.process_time()
    time.sleep(args.seconds)
    cpu = time.process_time() - cpu
    count = work.count() - count
    print(json.dumps({'count': count, 'usecs': cpu / count * 1e6}))
    sys.stdout.flush()
    t=time.time(); work.client.set_freewheel(False); t1=time.time()
    work.client.deactivate(); t2=time.time(); work.client.close(); print(t1-t, t2-t1, time.time()-t2)


def repeatedly(args):
    """Call a function in a loop, outside of any cycle."""
    if args.job == 'ringbuffer':
        ring = jack.RingBuffer(4096)
        data = bytes(args.size)

        def function():
            ring.write(data)
            ring.read(len(data))
    else:
        client = jack.Client('worker', no_start_server=True)
        function = {
            'ports': client.get_ports,
            'query': client.transport_query,
            'query_struct': client.transport_query_struct,
        }[args.job]
        if args.job == 'ports':
            assert len(function()) == args.size
    count = 0
    cpu = time.process_time()
    end = cpu + args.seconds
    while time.process_time() < end:
        for _ in range(10):
            function()
        count += 10
    cpu = time.process_time() - cpu
    print(json.dumps({'count': count, 'usecs': cpu / count * 1e6}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('job')
    parser.add_argument('size', type=int)
    parser.add_argument('seconds', type=float)
    parser.add_argument('--native', help="worker.c's library")
    args = parser.parse_args()
    if args.job in ('empty', 'array', 'buffer', 'midi'):
        in_freewheel(args)
    repeatedly(args)


if __name__ == '__main__':
    main()
