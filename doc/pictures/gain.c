#include <stdint.h>

struct gain {
    float *(*get_buffer)(void *port, uint32_t frames);
    void *source, *sink;
    float gain;
    uint32_t cycles;
};

int process(uint32_t frames, void *userdata)
{
    struct gain *g = userdata;
    const float *in = g->get_buffer(g->source, frames);
    float *out = g->get_buffer(g->sink, frames);
    for (uint32_t i = 0; i < frames; i++)
        out[i] = g->gain * in[i];
    g->cycles++;
    return 0;
}
