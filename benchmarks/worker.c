/* A JACK client in C, for comparison: the same work as in worker.py.
 *
 * As a program:  worker JOB SIZE SECONDS   prints a line of JSON.
 * As a library:  the process callbacks, for worker.py's native clients.
 */

#include <jack/jack.h>
#include <jack/midiport.h>
#include <jack/ringbuffer.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_PORTS 64

struct work {
    volatile uint64_t cycles;
    uint64_t size; /* the number of ports, or of events */
    jack_port_t *in[MAX_PORTS], *out[MAX_PORTS];
};

int do_empty(jack_nframes_t frames, void *arg)
{
    struct work *work = arg;

    (void)frames;
    work->cycles++;
    return 0;
}

int do_audio(jack_nframes_t frames, void *arg)
{
    struct work *work = arg;

    for (uint64_t i = 0; i < work->size; i++)
        memcpy(jack_port_get_buffer(work->out[i], frames),
               jack_port_get_buffer(work->in[i], frames),
               frames * sizeof(float));
    work->cycles++;
    return 0;
}

/* Write events to a port, read those of another, pass on those of a third. */
int do_midi(jack_nframes_t frames, void *arg)
{
    static const jack_midi_data_t note[] = {0x90, 60, 100};
    struct work *work = arg;
    jack_midi_event_t event;
    unsigned sum = 0;
    void *in, *out;
    uint32_t count;

    out = jack_port_get_buffer(work->out[0], frames);
    jack_midi_clear_buffer(out);
    for (uint64_t i = 0; i < work->size; i++)
        jack_midi_event_write(out, 0, note, sizeof(note));

    in = jack_port_get_buffer(work->in[0], frames);
    count = jack_midi_get_event_count(in);
    for (uint32_t i = 0; i < count; i++) {
        jack_midi_event_get(&event, in, i);
        sum += event.time + event.buffer[1];
    }

    in = jack_port_get_buffer(work->in[1], frames);
    out = jack_port_get_buffer(work->out[1], frames);
    jack_midi_clear_buffer(out);
    count = jack_midi_get_event_count(in);
    for (uint32_t i = 0; i < count; i++) {
        jack_midi_event_get(&event, in, i);
        jack_midi_event_write(out, event.time, event.buffer, event.size);
    }
    work->cycles += sum < UINT32_MAX;
    return 0;
}

static double cpu_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
    struct timespec time = {seconds, (seconds - (long)seconds) * 1e9};

    nanosleep(&time, NULL);
}

static void fail(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static void in_cycle(const char *job, int size, double seconds)
{
    static struct work work;
    jack_client_t *client;
    int midi = !strncmp(job, "midi", 4);
    const char *type = midi ? JACK_DEFAULT_MIDI_TYPE : JACK_DEFAULT_AUDIO_TYPE;
    int ports = midi ? 2 : strcmp(job, "empty") ? size : 0;
    double cpu;
    uint64_t cycles;

    client = jack_client_open("worker", JackNoStartServer, NULL);
    if (!client)
        fail("jack_client_open");
    work.size = size;
    for (int i = 0; i < ports; i++) {
        char name[20];

        sprintf(name, "in%d", i);
        work.in[i] = jack_port_register(client, name, type,
                                        JackPortIsInput, 0);
        sprintf(name, "out%d", i);
        work.out[i] = jack_port_register(client, name, type,
                                         JackPortIsOutput, 0);
        if (!work.in[i] || !work.out[i])
            fail("jack_port_register");
    }
    jack_set_process_callback(
        client, midi ? do_midi : ports ? do_audio : do_empty, &work);
    if (jack_activate(client))
        fail("jack_activate");
    for (int i = 0; i < ports; i++)
        /* One source of events for both of the inputs. */
        if (jack_connect(client, jack_port_name(work.out[midi ? 0 : i]),
                         jack_port_name(work.in[i])))
            fail("jack_connect");
    if (jack_set_freewheel(client, 1))
        fail("jack_set_freewheel");
    pause_for(0.1);
    cpu = cpu_time();
    cycles = work.cycles;
    pause_for(seconds);
    cpu = cpu_time() - cpu;
    cycles = work.cycles - cycles;
    printf("{\"count\": %llu, \"usecs\": %.6f}\n",
           (unsigned long long)cycles, cpu / cycles * 1e6);
    fflush(stdout);
    jack_set_freewheel(client, 0);
    jack_deactivate(client);
    jack_client_close(client);
}

static void out_of_cycle(const char *job, int size, double seconds)
{
    jack_ringbuffer_t *ring = NULL;
    jack_client_t *client = NULL;
    char data[4096] = {0};
    uint64_t count = 0;
    double cpu, end;

    if (!strcmp(job, "ringbuffer"))
        ring = jack_ringbuffer_create(4096);
    else if (!(client = jack_client_open("worker", JackNoStartServer, NULL)))
        fail("jack_client_open");
    cpu = cpu_time();
    end = cpu + seconds;
    do {
        for (int i = 0; i < 10; i++, count++)
            if (ring) {
                jack_ringbuffer_write(ring, data, size);
                jack_ringbuffer_read(ring, data, size);
            } else if (!strcmp(job, "ports")) {
                jack_free(jack_get_ports(client, NULL, NULL, 0));
            } else {
                jack_position_t position;

                jack_transport_query(client, &position);
            }
    } while (cpu_time() < end);
    cpu = cpu_time() - cpu;
    printf("{\"count\": %llu, \"usecs\": %.6f}\n",
           (unsigned long long)count, cpu / count * 1e6);
    if (client)
        jack_client_close(client);
}

int main(int argc, char *argv[])
{
    const char *in_cycles = "empty array buffer midi midi_ints";

    if (argc != 4)
        fail("Usage: worker JOB SIZE SECONDS; this");
    if (strstr(in_cycles, argv[1]))
        in_cycle(argv[1], atoi(argv[2]), atof(argv[3]));
    else
        out_of_cycle(argv[1], atoi(argv[2]), atof(argv[3]));
    return 0;
}
