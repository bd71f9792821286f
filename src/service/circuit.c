/* The circuit of one target; the diagram is in the header. */
#include "circuit.h"

bool wr_circuit_pass(wr_circuit *circuit, int64_t now_us, uint64_t *ret_openings)
{
    *ret_openings = circuit->openings;
    if (circuit->state == WR_CIRCUIT_OPEN && now_us >= circuit->retry_us) {
        circuit->state = WR_CIRCUIT_TRYING;
        return true;
    }
    return circuit->state == WR_CIRCUIT_CLOSED;
}

void wr_circuit_answered(wr_circuit *circuit)
{
    circuit->state = WR_CIRCUIT_CLOSED;
    circuit->failures = 0;
    circuit->pause_us = 0;
}

void wr_circuit_failed(wr_circuit *circuit, uint64_t openings, int64_t now_us)
{
    if (openings != circuit->openings)
        return;
    circuit->failures++;
    if (circuit->state == WR_CIRCUIT_CLOSED && circuit->failures < WR_CIRCUIT_FAILURES_MAX)
        return;
    circuit->pause_us = circuit->pause_us ? circuit->pause_us * 2 : WR_CIRCUIT_PAUSE_MIN_US;
    if (circuit->pause_us > WR_CIRCUIT_PAUSE_MAX_US)
        circuit->pause_us = WR_CIRCUIT_PAUSE_MAX_US;
    circuit->state = WR_CIRCUIT_OPEN;
    circuit->retry_us = now_us + circuit->pause_us;
    circuit->openings++;
}

/* The one that was to try: the next one does. */
void wr_circuit_not_sent(wr_circuit *circuit, uint64_t openings)
{
    if (openings == circuit->openings && circuit->state == WR_CIRCUIT_TRYING)
        circuit->state = WR_CIRCUIT_OPEN;
}
