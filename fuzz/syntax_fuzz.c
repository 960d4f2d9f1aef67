/* SPDX-License-Identifier: MIT */
/* syntax_fuzz.c — what a session of anybody's pool prints of code: what is kept is an error, or names and a hash that policies can read;
 * it is small, and says the same when it is read again. */
#include "core/policy/facts.h"
#include "core/review/syntax.h"
#include "wire/json/canonical.h"

#define KEPT_SIZE_MAX                                                                                        \
    (2 * SYNTAX_NAMES_MAX * (6 * SYNTAX_NAME_SIZE_MAX + 3) + 200) /* bytes: all may be escapes */

static void check_facts(const json_t *kept)
{
    CLEANUP(arena_fini) struct arena arena;
    arena_init(&arena, 0);
    struct policy_facts read;
    struct err err = {0};
    CLEANUP(json_release)
    json_t *facts =
        json_pack("{s:O*, s:O*, s:O*}", "imports", json_object_get(kept, "imports"), "calls",
                  json_object_get(kept, "calls"), "code.tree", json_object_get(kept, "treeSha256"));
    ASSERT(policy_facts_read(facts, &arena, &read, &err) == STATUS_OK);
    bool told = !json_object_get(kept, "error");
    ASSERT(read.imports.known == told && read.calls.known == told && read.tree_sha256.known == told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(json_release) json_t *kept = NULL;
    CLEANUP(json_release) json_t *again = NULL;
    CLEANUP(buf_fini) struct buf text = {0};
    struct err err = {0};
    ASSERT(syntax_read(bytes_of(data, size), &kept) == STATUS_OK);
    ASSERT(canonical_append(&text, kept, &err) == STATUS_OK && text.size <= KEPT_SIZE_MAX);
    ASSERT(syntax_read(buf_peek(&text), &again) == STATUS_OK && json_equal(kept, again));
    check_facts(kept);
    return 0;
}
