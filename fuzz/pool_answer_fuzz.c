/* SPDX-License-Identifier: MIT */
/* pool_answer_fuzz.c — the answer of a pool, which may be anybody's, to a run: what is read of it is whole, and a report is believed
 * only where one was asked for. */
#include "svc/app/pool_answer.h"
#include "wire/json/json.h"

static void read_one(struct bytes body, bool reported)
{
    struct pool_run run = {.succeeded = false};
    struct err err = {0};
    enum status status = pool_answer_read(body, reported, &run, &err);
    ASSERT(status == STATUS_OK || status == STATUS_MALFORMED);
    ASSERT(reported || (!run.effects && !run.reported));
    if (status == STATUS_OK) {
        json_t *result = json_loadb((const char *)run.result.data, run.result.size, JSON_ALLOW_NUL, NULL);
        ASSERT(json_is_object(result));
        json_decref(result);
    }
    pool_run_fini(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_one(bytes_of(data, size), true);
    read_one(bytes_of(data, size), false);
    return 0;
}
