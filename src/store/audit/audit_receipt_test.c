/* SPDX-License-Identifier: MIT */
/* audit_receipt_test.c — an honest receipt, and each way to make one say more than the server did. */
#include "store/audit/audit_receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/audit/head.h"

#define CODE   "print(1)"
#define RESULT "{\"status\":\"Success\"}"
#define ID     "0b0e"

static struct seal_key *key;
static char shown_hash[SECRET_HASH_SIZE + 1];

static int make_key(void **state)
{
    (void)state;
    struct buf pem = {0};
    assert_int_equal(seal_key_make(&pem, NULL), STATUS_OK);
    assert_int_equal(seal_key_read(buf_peek(&pem), &key, NULL), STATUS_OK);
    buf_fini(&pem);
    secret_hash(BYTES_LITERAL(CODE "\n" RESULT), shown_hash);
    return 0;
}

static int free_key(void **state)
{
    (void)state;
    seal_key_free(key);
    return 0;
}

/* Takes `details`. */
static json_t *signed_entry(struct audit_chain *chain, enum audit_action action, const char *object,
                            json_t *details)
{
    struct buf line = {0}, head = {0};
    const struct audit_entry entry = {
        .action = action, .actor_id = "local", .actor_name = "local", .object = object, .details = details};
    assert_int_equal(audit_chain_write(chain, &entry, &line, NULL), STATUS_OK);
    assert_int_equal(audit_head_write(chain, 9, key, &head, NULL), STATUS_OK);
    json_t *pair = json_pack("{s:s%, s:s%}", "line", (const char *)line.data, line.size, "head",
                             (const char *)head.data, head.size);
    json_decref(details);
    buf_fini(&line);
    buf_fini(&head);
    return pair;
}

static json_t *receipt_of(const char *state, const char *object, bool decided)
{
    struct audit_chain chain;
    audit_chain_begin(&chain);
    char code_hash[SECRET_HASH_SIZE + 1];
    secret_hash(BYTES_LITERAL(CODE), code_hash);
    json_t *entries = json_array();
    json_array_append_new(entries, signed_entry(&chain, AUDIT_REQUEST_SUBMITTED, object,
                                                json_pack("{s:s}", "codeSha256", code_hash)));
    if (decided)
        json_array_append_new(entries, signed_entry(&chain, AUDIT_REQUEST_DECIDED, object,
                                                    json_pack("{s:b, s:s, s:s, s:s}", "approved", 1, "by",
                                                              "mina", "at", "t", "sha256", shown_hash)));
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:[s, s]}, s:o}", "format", RECEIPT_FORMAT, "id", ID,
                     "state", state, "shown", "code", CODE, "result", RESULT, "sha256Covers", "code",
                     "result", "entries", entries);
}

static json_t *approved_receipt(void)
{
    return receipt_of("approved", "requests/" ID, true);
}

/* Takes the receipt. */
static void is_refused(json_t *receipt, const char *because)
{
    struct audit_receipt_facts facts;
    struct err err = {0};
    assert_int_equal(audit_receipt_check(receipt, key, &facts, &err), STATUS_DATA_LOSS);
    if (!strstr(err.text, because))
        fail_msg("\"%s\" instead of \"%s\"", err.text, because);
    json_decref(receipt);
}

static void an_honest_receipt_holds(void **state)
{
    (void)state;
    json_t *receipt = approved_receipt();
    struct audit_receipt_facts facts;
    assert_int_equal(audit_receipt_check(receipt, key, &facts, NULL), STATUS_OK);
    assert_string_equal(facts.id, ID);
    assert_string_equal(facts.decided_by, "mina");
    assert_string_equal(facts.shown_sha256, shown_hash);
    assert_true(facts.approved);
    assert_int_equal(facts.entries, 2);
    json_decref(receipt);

    receipt = receipt_of("waiting", "requests/" ID, false);
    assert_int_equal(audit_receipt_check(receipt, key, &facts, NULL), STATUS_OK);
    assert_null(facts.decided_by);
    json_decref(receipt);
}

/* RP-53. */
static void what_is_shown_cannot_be_another(void **state)
{
    (void)state;
    json_t *receipt = approved_receipt();
    json_object_set_new(json_object_get(receipt, "shown"), "code", json_string("print(2)"));
    is_refused(receipt, "not the one that was handed in");

    receipt = approved_receipt();
    json_object_set_new(json_object_get(receipt, "shown"), "result", json_string("{}"));
    is_refused(receipt, "not what was decided about");

    receipt = approved_receipt();
    json_object_del(json_object_get(receipt, "shown"), "result");
    is_refused(receipt, "lacks the \"result\"");

    receipt = approved_receipt();
    json_object_set_new(json_object_get(receipt, "shown"), "sha256Covers", json_pack("[s]", "code"));
    is_refused(receipt, "not what was decided about");
}

/* A receipt of a request whose manifest names a text by its hash. */
static json_t *receipt_with(const char *member, const char *text)
{
    static const char told[] = "{\"ended\":\"completed\"}";
    char hash[SECRET_HASH_SIZE + 1], manifest[200];
    struct audit_chain chain;
    audit_chain_begin(&chain);
    secret_hash(bytes_of_cstr(told), hash);
    (void)snprintf(manifest, sizeof manifest, "{\"%s\":{\"sha256\":\"%s\"}}", member, hash);
    secret_hash(bytes_of_cstr(manifest), hash);
    json_t *receipt = receipt_of("waiting", "requests/" ID, false);
    json_t *entries = json_object_get(receipt, "entries"), *shown = json_object_get(receipt, "shown");
    json_array_append_new(entries, signed_entry(&chain, AUDIT_RUN_ENDED, "requests/" ID,
                                                json_pack("{s:s}", "manifestSha256", hash)));
    json_object_set_new(shown, "manifest", json_string(manifest));
    json_object_set_new(shown, member, json_string(text ? text : told));
    return receipt;
}

/* RP-53, RP-54. */
static void effects_and_files_cannot_be_others(void **state)
{
    static const char *const members[] = {"effects", "files"};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        struct audit_receipt_facts facts;
        json_t *receipt = receipt_with(members[i], NULL);
        struct err err = {0};
        assert_int_equal(audit_receipt_check(receipt, key, &facts, &err), STATUS_OK);
        json_object_del(json_object_get(receipt, "shown"),
                        members[i]); /* a submitter's, before the release */
        assert_int_equal(audit_receipt_check(receipt, key, &facts, &err), STATUS_OK);
        json_decref(receipt);

        is_refused(receipt_with(members[i], "{\"ended\":\"raised\"}"), "not those that the manifest names");
        receipt = receipt_with(members[i], NULL);
        json_object_set_new(json_object_get(receipt, "shown"), "manifest", json_string("{}"));
        is_refused(receipt, "manifest is not the one");
        receipt = receipt_with(members[i], NULL);
        json_object_del(json_object_get(receipt, "shown"), "manifest");
        is_refused(receipt, "not those that the manifest names");
    }
}

static void the_state_follows_from_the_entries(void **state)
{
    (void)state;
    is_refused(receipt_of("rejected", "requests/" ID, true), "says otherwise");
    is_refused(receipt_of("approved", "requests/" ID, false), "no entry says who");
}

static void entries_are_of_this_request_and_signed(void **state)
{
    (void)state;
    is_refused(receipt_of("approved", "requests/other", true), "something else");

    json_t *receipt = approved_receipt();
    json_t *entries = json_object_get(receipt, "entries");
    json_t *head = json_incref(json_object_get(json_array_get(entries, 0), "head"));
    json_object_set_new(json_array_get(entries, 1), "head", head);
    is_refused(receipt, "not the one that was signed");

    receipt = approved_receipt();
    json_t *line = json_object_get(json_array_get(json_object_get(receipt, "entries"), 1), "line");
    char changed[1000];
    snprintf(changed, sizeof changed, "%s", json_string_value(line));
    *strstr(changed, "mina") = 'n';
    json_string_set(line, changed);
    is_refused(receipt, "not the one that was signed");

    receipt = approved_receipt();
    json_array_remove(json_object_get(receipt, "entries"), 0);
    is_refused(receipt, "handed in");
}

static void another_key_signed_nothing(void **state)
{
    (void)state;
    struct seal_key *own = key;
    struct buf pem = {0};
    json_t *receipt = approved_receipt();
    assert_int_equal(seal_key_make(&pem, NULL), STATUS_OK);
    assert_int_equal(seal_key_read(buf_peek(&pem), &key, NULL), STATUS_OK);
    is_refused(receipt, "not signed by key");
    seal_key_free(key);
    key = own;
    buf_fini(&pem);
}

static void other_json_is_no_receipt(void **state)
{
    (void)state;
    json_t *values[] = {json_object(), json_array(), json_pack("{s:s}", "format", "other/1"),
                        json_pack("{s:s, s:i}", "format", RECEIPT_FORMAT, "id", 1)};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct audit_receipt_facts facts;
        struct err err = {0};
        assert_int_equal(audit_receipt_check(values[i], key, &facts, &err), STATUS_INVALID_ARGUMENT);
        json_decref(values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_receipt_holds),
        cmocka_unit_test(what_is_shown_cannot_be_another),
        cmocka_unit_test(effects_and_files_cannot_be_others),
        cmocka_unit_test(the_state_follows_from_the_entries),
        cmocka_unit_test(entries_are_of_this_request_and_signed),
        cmocka_unit_test(another_key_signed_nothing),
        cmocka_unit_test(other_json_is_no_receipt),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
