/* SPDX-License-Identifier: MIT */
/* verify_test.c — a log of some entries, and every way to lie with it. If this fails, an auditor is shown a past that never
 * was. */
#include "store/audit/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENTRIES 4
#define HEAD_AT 3 /* a head stands behind this entry */
#define STRIDE  3 /* every third bit: each byte, with changing bits of it */

struct verify_fixture {
    struct seal_key *key;
    struct buf lines[ENTRIES]; /* without line feeds */
    struct buf head;
};

static void write_entry(struct audit_chain *chain, int number, struct buf *out)
{
    char object[32];
    snprintf(object, sizeof object, "requests/%d", number);
    json_t *details = json_pack("{s:i, s:[s, b, n]}", "size", number, "list", "\xc3\xa4\n\"", 1);
    const struct audit_entry entry = {.action = AUDIT_REQUEST_SUBMITTED,
                                      .actor_id = "local",
                                      .actor_name = "somebody",
                                      .object = object,
                                      .details = details,
                                      .at_ns = number * INT64_C(1000000000)};
    assert_int_equal(audit_chain_write(chain, &entry, out, NULL), STATUS_OK);
    json_decref(details);
}

static int rig_init(void **state)
{
    struct verify_fixture *rig = calloc(1, sizeof *rig);
    struct buf pem = {0};
    assert_int_equal(seal_key_make(&pem, NULL), STATUS_OK);
    assert_int_equal(seal_key_read(buf_peek(&pem), &rig->key, NULL), STATUS_OK);
    buf_fini(&pem);

    struct audit_chain chain;
    audit_chain_begin(&chain);
    for (int i = 0; i < ENTRIES; i++) {
        write_entry(&chain, i, &rig->lines[i]);
        if (i + 1 == HEAD_AT)
            assert_int_equal(audit_head_write(&chain, 77, rig->key, &rig->head, NULL), STATUS_OK);
    }
    *state = rig;
    return 0;
}

static int rig_fini(void **state)
{
    struct verify_fixture *rig = *state;
    for (int i = 0; i < ENTRIES; i++)
        buf_fini(&rig->lines[i]);
    buf_fini(&rig->head);
    seal_key_free(rig->key);
    free(rig);
    return 0;
}

/* Walks lines, with the head beside them if `head` has bytes. */
static enum status walk(const struct verify_fixture *rig, const struct bytes *lines, size_t count,
                        struct bytes head, struct err *err)
{
    struct audit_verifier verifier;
    audit_verifier_begin(&verifier, rig->key);
    enum status status = STATUS_OK;
    if (head.data)
        status = audit_verifier_head(&verifier, head, err);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = audit_verifier_line(&verifier, lines[i], err);
    if (status == STATUS_OK)
        status = audit_verifier_end(&verifier, err);
    if (status == STATUS_OK && head.data)
        assert_int_equal(verifier.signed_seq, HEAD_AT);
    audit_verifier_fini(&verifier);
    return status;
}

static void lines_of(const struct verify_fixture *rig, struct bytes lines[ENTRIES])
{
    for (int i = 0; i < ENTRIES; i++)
        lines[i] = buf_peek(&rig->lines[i]);
}

static void an_honest_log_is_whole(void **state)
{
    struct verify_fixture *rig = *state;
    struct bytes lines[ENTRIES + 1];
    lines_of(rig, lines);
    assert_int_equal(walk(rig, lines, ENTRIES, (struct bytes){0}, NULL), STATUS_OK);
    assert_int_equal(walk(rig, lines, ENTRIES, buf_peek(&rig->head), NULL), STATUS_OK);
    assert_int_equal(walk(rig, lines, 0, (struct bytes){0}, NULL), STATUS_OK);

    memmove(&lines[HEAD_AT + 1], &lines[HEAD_AT], (ENTRIES - HEAD_AT) * sizeof *lines);
    lines[HEAD_AT] = buf_peek(&rig->head);
    assert_int_equal(walk(rig, lines, ENTRIES + 1, (struct bytes){0}, NULL), STATUS_OK);
}

/* RP-52. Of the entries that a head holds or another follows, no bit can be another one, and the message names a place. */
static void no_bit_can_be_changed(void **state)
{
    struct verify_fixture *rig = *state;
    struct bytes lines[ENTRIES];
    lines_of(rig, lines);
    for (int i = 0; i < ENTRIES - 1; i++) {
        uint8_t *data = rig->lines[i].data;
        for (size_t bit = 0; bit < rig->lines[i].size * 8; bit += STRIDE) {
            struct err err = {0};
            data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            assert_int_equal(walk(rig, lines, ENTRIES, buf_peek(&rig->head), &err), STATUS_DATA_LOSS);
            assert_non_null(strstr(err.text, "entry "));
            data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
    for (size_t bit = 0; bit < rig->head.size * 8; bit += STRIDE) {
        rig->head.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(walk(rig, lines, ENTRIES, buf_peek(&rig->head), NULL), STATUS_DATA_LOSS);
        rig->head.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

/* RP-52. */
static void no_byte_can_be_put_in_or_taken_out(void **state)
{
    struct verify_fixture *rig = *state;
    struct bytes lines[ENTRIES];
    lines_of(rig, lines);
    struct bytes whole = lines[2];
    for (size_t at = 0; at < whole.size; at++) {
        struct buf changed = {0};
        buf_append_bytes(&changed, bytes_slice(whole, 0, at));
        buf_append_byte(&changed, ' ');
        buf_append_bytes(&changed, bytes_slice(whole, at, SIZE_MAX));
        lines[2] = buf_peek(&changed);
        assert_int_equal(walk(rig, lines, ENTRIES, (struct bytes){0}, NULL), STATUS_DATA_LOSS);
        buf_clear(&changed);
        buf_append_bytes(&changed, bytes_slice(whole, 0, at));
        buf_append_bytes(&changed, bytes_slice(whole, at + 1, SIZE_MAX));
        lines[2] = buf_peek(&changed);
        assert_int_equal(walk(rig, lines, ENTRIES, (struct bytes){0}, NULL), STATUS_DATA_LOSS);
        buf_fini(&changed);
    }
}

/* RP-52. */
static void no_line_can_be_taken_out_put_in_or_moved(void **state)
{
    struct verify_fixture *rig = *state;
    struct err err = {0};
    for (size_t out = 0; out < ENTRIES - 1; out++) {
        struct bytes lines[ENTRIES];
        lines_of(rig, lines);
        memmove(&lines[out], &lines[out + 1], (ENTRIES - 1 - out) * sizeof *lines);
        assert_int_equal(walk(rig, lines, ENTRIES - 1, (struct bytes){0}, &err), STATUS_DATA_LOSS);

        lines_of(rig, lines);
        struct bytes moved = lines[out];
        lines[out] = lines[out + 1];
        lines[out + 1] = moved;
        assert_int_equal(walk(rig, lines, ENTRIES, (struct bytes){0}, &err), STATUS_DATA_LOSS);
    }
    struct bytes twice[2] = {buf_peek(&rig->lines[0]), buf_peek(&rig->lines[0])};
    assert_int_equal(walk(rig, twice, 2, (struct bytes){0}, &err), STATUS_DATA_LOSS);
    struct bytes empty[2] = {buf_peek(&rig->lines[0]), BYTES_LITERAL("")};
    assert_int_equal(walk(rig, empty, 2, (struct bytes){0}, &err), STATUS_DATA_LOSS);
}

/* RP-52. What the chain alone does not see, a head does. */
static void a_cut_end_and_a_past_written_anew_are_seen(void **state)
{
    struct verify_fixture *rig = *state;
    struct bytes lines[ENTRIES];
    lines_of(rig, lines);
    struct err err = {0};
    assert_int_equal(walk(rig, lines, HEAD_AT - 1, (struct bytes){0}, NULL), STATUS_OK);
    assert_int_equal(walk(rig, lines, HEAD_AT - 1, buf_peek(&rig->head), &err), STATUS_DATA_LOSS);
    assert_non_null(strstr(err.text, "cut off"));

    struct buf forged[ENTRIES] = {{0}};
    struct audit_chain chain;
    audit_chain_begin(&chain);
    for (int i = 0; i < ENTRIES; i++) {
        write_entry(&chain, 100 + i, &forged[i]);
        lines[i] = buf_peek(&forged[i]);
    }
    assert_int_equal(walk(rig, lines, ENTRIES, (struct bytes){0}, NULL), STATUS_OK);
    assert_int_equal(walk(rig, lines, ENTRIES, buf_peek(&rig->head), &err), STATUS_DATA_LOSS);
    assert_non_null(strstr(err.text, "written anew"));
    for (int i = 0; i < ENTRIES; i++)
        buf_fini(&forged[i]);
}

#define LONG 3000 /* entries; a head behind every thousandth, as the log has them */

/* Every seventh is not plain, and must be looked at closely: a name beyond ASCII, and a number with a point. */
static void write_long(struct buf lines[LONG], struct audit_verifier *verifier,
                       const struct verify_fixture *rig)
{
    struct audit_chain chain;
    audit_chain_begin(&chain);
    for (int i = 0; i < LONG; i++) {
        CLEANUP(json_release)
        json_t *details =
            i % 7 ? json_pack("{s:i}", "size", i) : json_pack("{s:f, s:i}", "\xc3\xa4", i + 0.5, "b", i);
        const struct audit_entry entry = {
            .action = AUDIT_RUN_ENDED, .actor_id = "a", .actor_name = "b", .object = "c", .details = details};
        assert_int_equal(audit_chain_write(&chain, &entry, &lines[i], NULL), STATUS_OK);
        if ((i + 1) % 1000 != 0)
            continue;
        CLEANUP(buf_fini) struct buf head = {0};
        assert_int_equal(audit_head_write(&chain, i, rig->key, &head, NULL), STATUS_OK);
        assert_int_equal(audit_verifier_head(verifier, buf_peek(&head), NULL), STATUS_OK);
    }
}

/* From the beginning, with the same heads. */
static enum status walk_long(struct audit_verifier *verifier, const struct buf lines[LONG], struct err *err)
{
    enum status status = STATUS_OK;
    audit_chain_begin(&verifier->chain);
    verifier->next_head = 0;
    for (size_t i = 0; status == STATUS_OK && i < LONG; i++)
        status = audit_verifier_line(verifier, buf_peek(&lines[i]), err);
    if (status != STATUS_OK)
        return status;
    return audit_verifier_end(verifier, err);
}

/* RP-52. How long a million takes, bench/review prints. */
static void in_a_long_log_one_byte_is_found_and_named(void **state)
{
    struct verify_fixture *rig = *state;
    static struct buf lines[LONG];
    struct audit_verifier verifier;
    audit_verifier_begin(&verifier, rig->key);
    write_long(lines, &verifier, rig);
    assert_int_equal(walk_long(&verifier, lines, NULL), STATUS_OK);
    assert_int_equal(verifier.signed_seq, LONG);
    for (size_t number = 1; number <= LONG; number += 97) {
        struct buf *line = &lines[number - 1];
        size_t at = number * 31 % line->size;
        char here[32], next[32];
        struct err err = {0};
        line->data[at] ^= 1;
        assert_int_equal(walk_long(&verifier, lines, &err), STATUS_DATA_LOSS);
        (void)snprintf(here, sizeof here, "entry %zu", number);
        (void)snprintf(next, sizeof next, "entry %zu", number + 1);
        assert_true(strstr(err.text, here) || strstr(err.text, next));
        line->data[at] ^= 1;
    }
    for (size_t i = 0; i < LONG; i++)
        buf_fini(&lines[i]);
    audit_verifier_fini(&verifier);
}

static void a_head_of_another_key_is_no_head(void **state)
{
    struct verify_fixture *rig = *state;
    struct buf pem = {0};
    struct seal_key *own = rig->key, *other = NULL;
    assert_int_equal(seal_key_make(&pem, NULL), STATUS_OK);
    assert_int_equal(seal_key_read(buf_peek(&pem), &other, NULL), STATUS_OK);
    struct bytes lines[ENTRIES];
    lines_of(rig, lines);
    struct err err = {0};

    rig->key = other;
    assert_int_equal(walk(rig, lines, ENTRIES, buf_peek(&rig->head), &err), STATUS_DATA_LOSS);
    assert_non_null(strstr(err.text, "not signed"));
    rig->key = NULL;
    assert_int_equal(walk(rig, lines, ENTRIES, buf_peek(&rig->head), &err), STATUS_DATA_LOSS);
    assert_non_null(strstr(err.text, "no key"));
    rig->key = own;
    seal_key_free(other);
    buf_fini(&pem);
}

static void what_cannot_be_written_leaves_the_chain(void **state)
{
    (void)state;
    struct audit_chain chain;
    audit_chain_begin(&chain);
    char *large = malloc(AUDIT_LINE_MAX + 1);
    memset(large, 'x', AUDIT_LINE_MAX);
    large[AUDIT_LINE_MAX] = '\0';
    struct buf out = {0};
    struct audit_entry entry = {
        .action = AUDIT_RUN_ENDED, .actor_id = "a", .actor_name = "b", .object = large};
    assert_int_equal(audit_chain_write(&chain, &entry, &out, NULL), STATUS_TOO_LARGE);
    entry.object = "\xff";
    assert_int_equal(audit_chain_write(&chain, &entry, &out, NULL), STATUS_INVALID_ARGUMENT);
    assert_int_equal(chain.seq, 0);
    free(large);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_honest_log_is_whole, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(no_bit_can_be_changed, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(no_byte_can_be_put_in_or_taken_out, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(no_line_can_be_taken_out_put_in_or_moved, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_cut_end_and_a_past_written_anew_are_seen, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(in_a_long_log_one_byte_is_found_and_named, rig_init, rig_fini),
        cmocka_unit_test_setup_teardown(a_head_of_another_key_is_no_head, rig_init, rig_fini),
        cmocka_unit_test(what_cannot_be_written_leaves_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
