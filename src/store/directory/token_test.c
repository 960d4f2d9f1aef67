/* SPDX-License-Identifier: MIT */
/* token_test.c — if one fails: a token of ours is not believed, or one that should not count does. */
#include "store/directory/token.h"

#include "base/duration.h"
#include "crypto/jose.h"
#include "lib/directory_rig.h"

#define NOW_NS (1700000000 * NS_PER_S)
#define DAY_NS (86400 * NS_PER_S)

struct token_fixture {
    struct directory_rig rig;
    struct token_keys *keys;
};

static int set_up(void **state)
{
    struct token_fixture *fixture = calloc(1, sizeof *fixture);
    struct err err = {0};
    assert_non_null(fixture);
    directory_rig_start(&fixture->rig, NOW_NS);
    assert_int_equal(token_keys_open(fixture->rig.directory, NULL, NOW_NS, &fixture->keys, &err), STATUS_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct token_fixture *fixture = *state;
    token_keys_close(fixture->keys);
    directory_rig_stop(&fixture->rig);
    free(fixture);
    return 0;
}

static enum status mint(struct token_fixture *fixture, const char *audience, int64_t now_ns, struct buf *out)
{
    struct err err = {0};
    const struct token_wish wish = {.issuer_base = "https://localhost:8080",
                                    .audience = bytes_of_cstr(audience),
                                    .object_id = "o",
                                    .client_id = "c",
                                    .name = "alice@example.org"};
    return token_mint(fixture->keys, &wish, now_ns, out, &err);
}

static enum status check(struct token_fixture *fixture, struct bytes token, int64_t now_ns,
                         struct bytes *ret_place)
{
    CLEANUP(jwt_fini) struct jwt jwt = {0};
    struct err err = {0};
    assert_int_equal(jwt_parse(token, &jwt, &err), STATUS_OK);
    return token_check(fixture->keys, &jwt, now_ns, ret_place, &err);
}

static void a_token_counts_at_its_place_for_an_hour(void **state)
{
    static const struct {
        const char *audience, *place;
    } cases[] = {
        {"https://dynamicsessions.io/.default", "/pool"}, {"https://durabletask.io", "/scheduler"},
        {"https://durabletask.io/", "/scheduler"},        {"api://sallyport/.default", "/app"},
        {"https://localhost:8080//.default", "/control"}, {"http://127.0.0.1:80", "/control"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buf_fini) struct buf token = {0};
        struct bytes place = {0};
        assert_int_equal(mint(*state, cases[i].audience, NOW_NS, &token), STATUS_OK);
        assert_int_equal(check(*state, buf_peek(&token), NOW_NS + 3599 * NS_PER_S, &place), STATUS_OK);
        assert_true(bytes_equal_cstr(place, cases[i].place));
        assert_int_equal(check(*state, buf_peek(&token), NOW_NS + 3700 * NS_PER_S, &place),
                         STATUS_UNAUTHENTICATED);
        assert_int_equal(check(*state, buf_peek(&token), NOW_NS - 100 * NS_PER_S, &place),
                         STATUS_UNAUTHENTICATED);
    }
}

static void nothing_is_minted_for_others(void **state)
{
    static const char *const audiences[] = {"",
                                            "/.default",
                                            "https://storage.azure.com",
                                            "https://localhost.example.org",
                                            "https://localhost:8080/x",
                                            "https://durabletask.io.example.org",
                                            "https://user@localhost",
                                            "ftp://localhost"};
    CLEANUP(buf_fini) struct buf token = {0};
    for (size_t i = 0; i < ARRAY_SIZE(audiences); i++)
        assert_int_equal(mint(*state, audiences[i], NOW_NS, &token), STATUS_INVALID_ARGUMENT);
}

static size_t published(struct token_fixture *fixture)
{
    CLEANUP(buf_fini) struct buf text = {0};
    assert_int_equal(token_keys_publish(fixture->keys, &text), STATUS_OK);
    assert_null(memmem(text.data, text.size, "\"d\":", 4));
    size_t count = 0;
    for (size_t i = 0; i + 5 <= text.size; i++)
        count += memcmp(text.data + i, "\"kid\"", 5) == 0;
    return count;
}

static void tend(struct token_fixture *fixture, int64_t now_ns)
{
    token_keys_tend(fixture->keys, now_ns);
    directory_settle(fixture->rig.directory);
}

/* CS-06: published before it signs, kept until the last token is over. */
static void a_key_is_published_before_it_signs_and_after(void **state)
{
    struct token_fixture *fixture = *state;
    CLEANUP(buf_fini) struct buf before = {0};
    CLEANUP(buf_fini) struct buf after = {0};
    struct bytes place = {0};
    tend(fixture, NOW_NS + 29 * DAY_NS);
    assert_int_equal(published(fixture), 1);
    tend(fixture, NOW_NS + 30 * DAY_NS);
    tend(fixture, NOW_NS + 30 * DAY_NS);
    assert_int_equal(published(fixture), 2);
    int64_t late_ns = NOW_NS + 30 * DAY_NS + 599 * NS_PER_S;
    assert_int_equal(mint(fixture, TOKEN_AUDIENCE_POOL, late_ns, &before), STATUS_OK);
    assert_int_equal(mint(fixture, TOKEN_AUDIENCE_POOL, late_ns + NS_PER_S, &after), STATUS_OK);
    size_t header = bytes_find(buf_peek(&before), BYTES_LITERAL("."));
    assert_memory_not_equal(before.data, after.data, header);
    tend(fixture, late_ns + 3600 * NS_PER_S);
    assert_int_equal(check(fixture, buf_peek(&before), late_ns + 3599 * NS_PER_S, &place), STATUS_OK);
    tend(fixture, late_ns + 7300 * NS_PER_S);
    assert_int_equal(published(fixture), 1);
    assert_int_equal(check(fixture, buf_peek(&after), late_ns + 3599 * NS_PER_S, &place), STATUS_OK);
    assert_int_equal(check(fixture, buf_peek(&before), late_ns, &place), STATUS_UNAUTHENTICATED);
}

static void of_another_tenant_is_nobodys(void **state)
{
    struct token_fixture *fixture = *state, *other = NULL;
    void *other_state = NULL;
    set_up(&other_state);
    other = other_state;
    CLEANUP(buf_fini) struct buf token = {0};
    struct bytes place = {0};
    assert_int_equal(mint(other, TOKEN_AUDIENCE_POOL, NOW_NS, &token), STATUS_OK);
    assert_int_equal(check(fixture, buf_peek(&token), NOW_NS, &place), STATUS_UNAUTHENTICATED);
    tear_down(&other_state);
}

/* Signed with our key, as an application of another tenant of this server would have it; `issuer` before "/v2.0". */
static enum status check_claims(struct token_fixture *fixture, const char *tenant, const char *issuer)
{
    CLEANUP(buf_fini) struct buf claims = {0}, token = {0};
    const struct directory_signing_key *row =
        directory_next(fixture->rig.directory, DIRECTORY_SIGNING_KEY, NULL);
    struct jose_key *key = NULL;
    struct bytes place = {0};
    struct err err = {0};
    buf_append_fmt(&claims,
                   "{\"aud\":\"%s\",\"exp\":%lld,\"tid\":\"%s\",\"iss\":\"https://localhost/%s/v2.0\"}",
                   TOKEN_AUDIENCE_POOL, (long long)(NOW_NS / NS_PER_S + 60), tenant, issuer);
    assert_int_equal(jose_key_read(bytes_of_cstr(row->private_key), &key, &err), STATUS_OK);
    assert_int_equal(jose_sign(key, buf_peek(&claims), &token, &err), STATUS_OK);
    jose_key_free(key);
    return check(fixture, buf_peek(&token), NOW_NS, &place);
}

static void our_key_alone_is_not_enough(void **state)
{
    struct token_fixture *fixture = *state;
    const char *own = directory_tenant(fixture->rig.directory)->id,
               *other = "00000000-0000-0000-0000-000000000001";
    assert_int_equal(check_claims(fixture, own, own), STATUS_OK);
    assert_int_equal(check_claims(fixture, other, own), STATUS_UNAUTHENTICATED);
    assert_int_equal(check_claims(fixture, own, other), STATUS_UNAUTHENTICATED);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_token_counts_at_its_place_for_an_hour),
        CASE(nothing_is_minted_for_others),
        CASE(a_key_is_published_before_it_signs_and_after),
        CASE(of_another_tenant_is_nobodys),
        CASE(our_key_alone_is_not_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
