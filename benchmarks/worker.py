"""Do one piece of work with the module `jack`, whichever that is.

Run by run.py in the environment of this project or of the peer.  Prints one
line of JSON.
"""

import argparse
import contextlib
import ctypes
import gc
import json
import sys
import time

import numpy as np

import jack

MAX_PORTS = 64
NOTE = 0x90, 60, 100
IN_CYCLE = 'empty', 'array', 'buffer', 'midi', 'midi_ints'


class Work(ctypes.Structure):
    """What worker.c's process callbacks take: the struct of that name."""

    _fields_ = [
        ('cycles', ctypes.c_uint64),
        ('size', ctypes.c_uint64),
        ('ins', ctypes.c_void_p * MAX_PORTS),
        ('outs', ctypes.c_void_p * MAX_PORTS),
    ]


class InCycle:
    """Work that is done in the process callback, in Python."""

    def __init__(self, job, size):
        self.cycles = 0
        self.job = job
        self.size = size
        self.is_midi = job.startswith('midi')
        self.client = jack.Client('worker', no_start_server=True)
        if self.is_midi:
            self.ins = self.client.midi_inports
            self.outs = self.client.midi_outports
            ports = 2
        else:
            self.ins = self.client.inports
            self.outs = self.client.outports
            ports = 0 if job == 'empty' else size
        for number in range(ports):
            self.ins.register(f'in{number}')
            self.outs.register(f'out{number}')
        self.prepare()

    def prepare(self):
        self.client.set_process_callback(getattr(self, self.job)())

    def count(self):
        return self.cycles

    def activate(self):
        self.client.activate()
        for sink, source in zip(self.ins, self.outs):
            # One source of events for both of the inputs.
            self.client.connect(self.outs[0] if self.is_midi else source, sink)

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

    def midi_ints(self):
        return self.midi(NOTE)

    def midi(self, note=bytes(NOTE)):
        source, thru_source = self.ins
        sink, thru_sink = self.outs
        size = self.size

        def process(frames):
            sink.clear_buffer()
            for _ in range(size):
                sink.write_midi_event(0, note)
            total = 0
            for offset, data in source.incoming_midi_events():
                total += offset + ord(data[1])
            thru_sink.clear_buffer()
            for offset, data in thru_source.incoming_midi_events():
                thru_sink.write_midi_event(offset, data)
            self.cycles += 1

        return process


class InNativeCycle(InCycle):
    """The same work, done by the functions in worker.c."""

    def __init__(self, job, size, library):
        self.library = ctypes.CDLL(library)
        super().__init__(job, size)

    def prepare(self):
        name = {'empty': 'empty', 'midi': 'midi', 'midi_ints': 'midi'}.get(
            self.job, 'audio'
        )
        self.work = Work(0, self.size)
        for ports, addresses in (
            (self.ins, self.work.ins),
            (self.outs, self.work.outs),
        ):
            for number, port in enumerate(ports):
                addresses[number] = port.address
        self.client.set_process_callback(
            getattr(self.library, f'do_{name}'), self.work
        )

    def count(self):
        return self.work.cycles


def make_work(args, job):
    if args.native:
        return InNativeCycle(job, args.size, args.native)
    return InCycle(job, args.size)


def in_freewheel(args):
    """The CPU time of one cycle."""
    work = make_work(args, args.job)
    work.activate()
    work.client.set_freewheel(True)
    time.sleep(0.1)
    count = work.count()
    cpu = time.process_time()
    time.sleep(args.seconds)
    cpu = time.process_time() - cpu
    count = work.count() - count
    work.client.set_freewheel(False)
    work.client.deactivate()
    work.client.close()
    return {'count': count, 'usecs': cpu / count * 1e6}


def repeatedly(args):
    """The CPU time of one call, outside of any cycle."""
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
    return {'count': count, 'usecs': cpu / count * 1e6}


def compute(end):
    """Keep the interpreter busy."""
    number = 0
    while time.perf_counter() < end:
        for _ in range(1000):
            number = (number * 5 + 1) % 1000003


def litter(end):
    """Keep the interpreter busy, the garbage collector as well."""
    while time.perf_counter() < end:
        for _ in range(1000):
            cycle = []
            cycle.append(cycle)


def rest(end):
    time.sleep(end - time.perf_counter())


def in_time(args):
    """How many cycles are run, and how late, while the main thread works."""
    if args.switch_interval:
        sys.setswitchinterval(args.switch_interval)
    # What a larger program has in memory.
    ballast = [[n] for n in range(args.ballast)]
    if args.freeze:
        gc.collect()
        gc.freeze()
    work = make_work(args, 'array' if args.size else 'empty')
    client = work.client
    xruns = []
    client.set_xrun_callback(xruns.append)
    work.activate()
    time.sleep(0.2)
    del xruns[:]
    count = work.count()
    start = time.perf_counter()
    {'compute': compute, 'litter': litter, 'rest': rest}[args.main](
        start + args.seconds
    )
    elapsed = time.perf_counter() - start
    count = work.count() - count
    nominal = elapsed * client.samplerate / client.blocksize
    xruns = len(xruns)
    client.deactivate()
    client.close()
    del ballast
    return {'count': count, 'nominal': nominal, 'xruns': xruns}


def first_cycles(args):
    """How long the callback takes in its first cycle, and usually."""
    client = jack.Client('worker', no_start_server=True)
    pairs = [
        (
            client.inports.register(f'in{number}'),
            client.outports.register(f'out{number}'),
        )
        for number in range(args.size)
    ]
    times = []

    def work(source, sink):
        spectrum = np.fft.rfft(source)
        np.multiply(np.fft.irfft(spectrum, len(source)), 0.5, out=sink)

    @client.set_process_callback
    def process(frames):
        start = time.perf_counter()
        for source, sink in pairs:
            work(source.get_array(), sink.get_array())
        times.append(time.perf_counter() - start)

    if args.touch:
        silence = np.zeros(client.blocksize, dtype='f4')
        work(silence, silence.copy())
    client.activate()
    time.sleep(args.seconds)
    client.deactivate()
    client.close()
    usual = sorted(times[1:])[len(times) // 2 - 1]
    return {'first': times[0] * 1e6, 'usual': usual * 1e6}


def hold(args):
    """Be there with some ports until the standard input ends."""
    with contextlib.ExitStack() as stack:
        for start in range(0, args.size, 500):
            client = jack.Client('holder', no_start_server=True)
            stack.callback(client.close)
            for number in range(start, min(start + 500, args.size)):
                client.inports.register(f'port{number}')
        print('{}', flush=True)
        sys.stdin.read()


JOBS = {
    **dict.fromkeys(IN_CYCLE, in_freewheel),
    **dict.fromkeys(
        ('ringbuffer', 'ports', 'query', 'query_struct'), repeatedly
    ),
    'in_time': in_time,
    'first_cycles': first_cycles,
    'hold': hold,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('job', choices=JOBS)
    parser.add_argument('size', type=int, help='ports, events or bytes')
    parser.add_argument('seconds', type=float)
    parser.add_argument('--native', help='worker.c as a shared library')
    parser.add_argument('--main', default='compute')
    parser.add_argument('--switch-interval', type=float)
    parser.add_argument('--ballast', type=int, default=0)
    parser.add_argument('--freeze', action='store_true')
    parser.add_argument('--touch', action='store_true')
    args = parser.parse_args()
    result = JOBS[args.job](args)
    if result is not None:
        print(json.dumps(result))


if __name__ == '__main__':
    main()
