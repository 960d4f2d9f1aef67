/* SPDX-License-Identifier: MIT */
/* confirm_link_test.c — a link that is changed in any bit, over, of another key or of another place. If it fails: somebody votes
 * in another's name, or about other bytes than they were shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/confirm_link.h"

#define NOW 1000000

static const char manifest[] = "9c41e07b4a6f1d92d852a3f19c41e07b4a6f1d92d852a3f19c41e07b4a6f1d92";

static struct confirm_link link_of_mina(void)
{
    struct confirm_link link = {.made_s = NOW, .expires_s = NOW + 3600};
    (void)snprintf(link.who, sizeof link.who, "person/0d5b5a8e-2f55-4f5a-8b4e-0b8f6d4a5c11");
    (void)snprintf(link.request, sizeof link.request, "7f3a0001-2f55-4f5a-8b4e-0b8f6d4a5c11");
    (void)snprintf(link.manifest, sizeof link.manifest, "%s", manifest);
    return link;
}

struct link_rig {
    uint8_t key[CONFIRM_LINK_KEY_SIZE], other[CONFIRM_LINK_KEY_SIZE];
    struct buf token;
};

static void rig_open(struct link_rig *rig)
{
    const struct confirm_link link = link_of_mina();
    *rig = (struct link_rig){0};
    confirm_link_key_make(rig->key);
    confirm_link_key_make(rig->other);
    assert_int_equal(confirm_link_write(rig->key, &link, &rig->token, NULL), STATUS_OK);
}

static enum status read_at(const struct link_rig *rig, const uint8_t *key, int64_t now_s)
{
    struct confirm_link link;
    return confirm_link_read(key, buf_peek(&rig->token), now_s, &link, NULL);
}

static void test_says_what_was_written(void **state)
{
    (void)state;
    struct link_rig rig;
    rig_open(&rig);
    struct confirm_link link = {0};
    const struct confirm_link mina = link_of_mina();
    assert_true(rig.token.size <= CONFIRM_LINK_SIZE_MAX);
    assert_int_equal(confirm_link_read(rig.key, buf_peek(&rig.token), NOW, &link, NULL), STATUS_OK);
    assert_memory_equal(&link, &mina, sizeof link);
    buf_fini(&rig.token);
}

static void test_counts_for_its_time_and_key_only(void **state)
{
    (void)state;
    struct link_rig rig;
    rig_open(&rig);
    assert_int_equal(read_at(&rig, rig.key, NOW + 3599), STATUS_OK);
    assert_int_equal(read_at(&rig, rig.key, NOW + 3600), STATUS_DEADLINE_EXCEEDED);
    assert_int_equal(read_at(&rig, rig.key, NOW - CONFIRM_LINK_LEEWAY_S), STATUS_OK);
    assert_int_equal(read_at(&rig, rig.key, NOW - CONFIRM_LINK_LEEWAY_S - 1), STATUS_UNAUTHENTICATED);
    assert_int_equal(read_at(&rig, rig.other, NOW), STATUS_UNAUTHENTICATED);
    buf_fini(&rig.token);
}

static void test_no_bit_can_be_changed(void **state)
{
    (void)state;
    struct link_rig rig;
    rig_open(&rig);
    struct buf bytes = {0};
    assert_int_equal(base64url_decode(&bytes, buf_peek(&rig.token)), STATUS_OK);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        struct buf text = {0};
        struct confirm_link link;
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        base64url_encode(&text, buf_peek(&bytes));
        assert_int_equal(confirm_link_read(rig.key, buf_peek(&text), NOW, &link, NULL),
                         STATUS_UNAUTHENTICATED);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        buf_fini(&text);
    }
    buf_fini(&bytes);
    buf_fini(&rig.token);
}

static void test_refuses_what_is_no_token(void **state)
{
    (void)state;
    struct link_rig rig;
    rig_open(&rig);
    struct confirm_link link;
    for (size_t size = 0; size < rig.token.size; size++)
        assert_int_equal(
            confirm_link_read(rig.key, bytes_slice(buf_peek(&rig.token), 0, size), NOW, &link, NULL),
            STATUS_UNAUTHENTICATED);
    buf_append_byte(&rig.token, 'A');
    assert_int_equal(read_at(&rig, rig.key, NOW), STATUS_UNAUTHENTICATED);
    static const char *const texts[] = {"", ".", "AAAA", "=", "%00", "../../etc/passwd"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_int_equal(confirm_link_read(rig.key, bytes_of_cstr(texts[i]), NOW, &link, NULL),
                         STATUS_UNAUTHENTICATED);
    buf_fini(&rig.token);
}

static void test_is_not_written_without_its_parts(void **state)
{
    (void)state;
    struct link_rig rig;
    rig_open(&rig);
    struct buf out = {0};
    struct confirm_link link = link_of_mina();
    link.manifest[3] = 'g';
    assert_int_equal(confirm_link_write(rig.key, &link, &out, NULL), STATUS_INVALID_ARGUMENT);
    link = link_of_mina();
    link.manifest[63] = '\0';
    assert_int_equal(confirm_link_write(rig.key, &link, &out, NULL), STATUS_INVALID_ARGUMENT);
    link = link_of_mina();
    link.who[0] = '\0';
    assert_int_equal(confirm_link_write(rig.key, &link, &out, NULL), STATUS_INVALID_ARGUMENT);
    assert_int_equal(out.size, 0);
    buf_fini(&rig.token);
}

static void test_the_page_is_of_its_link_and_for_a_while(void **state)
{
    (void)state;
    struct link_rig rig;
    rig_open(&rig);
    struct buf page = {0};
    struct bytes token = buf_peek(&rig.token);
    assert_int_equal(confirm_link_write_page(rig.key, token, NOW, &page), STATUS_OK);
    assert_true(confirm_link_page_holds(rig.key, token, buf_peek(&page), NOW));
    assert_true(confirm_link_page_holds(rig.key, token, buf_peek(&page), NOW + CONFIRM_LINK_PAGE_S - 1));
    assert_false(confirm_link_page_holds(rig.key, token, buf_peek(&page), NOW + CONFIRM_LINK_PAGE_S));
    assert_false(confirm_link_page_holds(rig.key, token, buf_peek(&page), NOW - CONFIRM_LINK_LEEWAY_S - 1));
    assert_false(confirm_link_page_holds(rig.other, token, buf_peek(&page), NOW));
    assert_false(confirm_link_page_holds(rig.key, bytes_slice(token, 1, SIZE_MAX), buf_peek(&page), NOW));
    assert_false(confirm_link_page_holds(rig.key, token, token, NOW));
    assert_false(confirm_link_page_holds(rig.key, token, (struct bytes){0}, NOW));
    buf_fini(&page);
    buf_fini(&rig.token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_was_written),
        cmocka_unit_test(test_counts_for_its_time_and_key_only),
        cmocka_unit_test(test_no_bit_can_be_changed),
        cmocka_unit_test(test_refuses_what_is_no_token),
        cmocka_unit_test(test_is_not_written_without_its_parts),
        cmocka_unit_test(test_the_page_is_of_its_link_and_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
