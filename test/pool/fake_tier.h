/* SPDX-License-Identifier: MIT */
/* fake_tier.h — a tier for tests: its "sessions" are socket pairs and pipes served on the test's own loop.
 * The code of a cell is a command:
 *   value:JSON   succeeds with that value          out:TEXT  writes TEXT to stdout, then succeeds
 *   err:TEXT     fails with TEXT on stderr         both:TEXT writes to both streams
 *   sleep        runs until interrupted            hang      runs and ignores interrupts
 *   flood:N      writes N bytes to stdout          late:TEXT succeeds, then writes TEXT
 *   exit:N       ends with exit code N             oom       ends at its memory limit
 *   junk         sends bytes that are no frame     wrong-id  answers another cell
 *   huge         announces a frame over any limit  twice     answers the cell twice
 *   ahead        answers the cell and begins a frame
 *   too-large    sends a frame of 4096 bytes that is no result
 *   count        succeeds with the number of cells run so far
 *   warned       succeeds with true if it came with after_interrupt */
#ifndef TEST_POOL_FAKE_TIER_H
#define TEST_POOL_FAKE_TIER_H

#include "svc/pool/session/tier.h"

struct fake_tier_options {
    const char *data_dir; /* what sessions show as /mnt/data; NULL: a directory of their own under /tmp */
    int64_t build_ns;     /* how long one takes to be ready */
    unsigned slots;       /* sessions at one time; 0: any number */
    bool not_up;          /* never takes orders */
    bool comes_back;      /* fake_tier_lose is no end: it is down, and up again after comeback_ns, 0: never */
    int64_t comeback_ns;
    bool wrong;  /* the trial's cell gets a wrong answer */
    bool silent; /* it gets none */
};

extern const struct session_tier fake_tier;

/* Of the last fake_tier started; for tests that play the keeper. */
struct fake_counts {
    unsigned spawned, alive, kills, interrupts, refused, trials;
};
struct fake_counts fake_tier_counts(void);
void fake_tier_refuse(bool refuse); /* the next orders fail */
void fake_tier_lose(void);          /* the keeper dies */
void fake_tier_kill_one(void);      /* some living session dies by itself */

#endif
