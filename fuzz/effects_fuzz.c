/* SPDX-License-Identifier: MIT */
/* effects_fuzz.c — what a pool reports of a run, which may be anybody's: what is kept is small, has one text, says the same when it is
 * read again, and policies can read it. */
#include "core/policy/facts.h"
#include "core/review/effects.h"
#include "wire/json/canonical.h"

#define KEPT_SIZE_MAX                                                                                        \
    (8 * EFFECTS_PATHS_SIZE_MAX + 256 * EFFECTS_FILES_MAX) /* bytes: paths may be all escapes */

static void check_facts(const json_t *run, const json_t *kept)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    CLEANUP(json_release) json_t *facts = effects_facts(run, kept);
    struct policy_facts read;
    struct err err = {0};
    ASSERT(policy_facts_read(facts, &arena, &read, &err) == STATUS_OK);
    ASSERT(kept || (!read.network_attempts.known && !read.files_made.known && !read.refused_calls.known));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(json_release) json_t *report = NULL;
    CLEANUP(json_release) json_t *kept = NULL;
    CLEANUP(json_release) json_t *again = NULL;
    CLEANUP(buf_fini) struct buf text = {0};
    struct err err = {0};
    if (json_parse(bytes_of(data, size), NULL, &report, NULL) != STATUS_OK)
        return 0;
    ASSERT(effects_read(report, &kept) == STATUS_OK);
    if (kept) {
        ASSERT(canonical_append(&text, kept, &err) == STATUS_OK && text.size <= KEPT_SIZE_MAX);
        json_object_set(report, "effects", kept);
        ASSERT(effects_read(report, &again) == STATUS_OK && json_equal(kept, again));
    }
    check_facts(NULL, kept);
    return 0;
}
