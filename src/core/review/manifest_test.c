/* SPDX-License-Identifier: MIT */
/* manifest_test.c — same facts same text, other facts another. If it fails, people sign something else than they saw. */
#include "core/review/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct buf text_of(const struct manifest_facts *facts)
{
    struct buf out = {0};
    struct err err = {0};
    assert_int_equal(manifest_write(facts, &out, &err), STATUS_OK);
    return out;
}

static bool same(const struct manifest_facts *one, const struct manifest_facts *other)
{
    CLEANUP(buf_fini) struct buf a = text_of(one);
    CLEANUP(buf_fini) struct buf b = text_of(other);
    return bytes_equal(buf_peek(&a), buf_peek(&b));
}

static const struct manifest_facts plain = {
    .request = "r1",
    .revision = 1,
    .language = "python",
    .gate = "after",
    .stage = "after",
    .code = {NULL, HASH_A, 3},
    .run = 1,
    .result = {NULL, HASH_B, 9},
};

/* The text is what the header says, byte for byte: whoever checks it in another language relies on it. */
static void test_the_text(void **state)
{
    (void)state;
    CLEANUP(buf_fini) struct buf text = text_of(&plain);
    static const char expected[] =
        "{\"code\":{\"bytes\":3,\"sha256\":\"" HASH_A "\"},\"format\":\"sallyport-manifest-1\","
        "\"gate\":\"after\",\"inputs\":[],\"language\":\"python\",\"request\":\"r1\",\"result\":{\"bytes\":9,"
        "\"sha256\":\"" HASH_B "\"},\"revision\":1,\"run\":1,\"stage\":\"after\"}";
    assert_true(bytes_equal_cstr(buf_peek(&text), expected));
}

/* What a run did and made is named as the result is, and is absent where nobody could tell. */
static void test_the_text_with_effects(void **state)
{
    (void)state;
    struct manifest_facts facts = plain;
    facts.effects = (struct manifest_blob){NULL, HASH_A, 7};
    facts.files = (struct manifest_blob){NULL, HASH_B, 8};
    CLEANUP(buf_fini) struct buf text = text_of(&facts);
    static const char expected[] =
        "{\"code\":{\"bytes\":3,\"sha256\":\"" HASH_A "\"},\"effects\":{\"bytes\":7,\"sha256\":\"" HASH_A
        "\"},\"files\":{\"bytes\":8,\"sha256\":\"" HASH_B
        "\"},\"format\":\"sallyport-manifest-1\",\"gate\":\"after\",\"inputs\":[],"
        "\"language\":\"python\",\"request\":\"r1\",\"result\":{\"bytes\":9,\"sha256\":\"" HASH_B
        "\"},\"revision\":1,\"run\":1,\"stage\":\"after\"}";
    assert_true(bytes_equal_cstr(buf_peek(&text), expected));
    facts.run = 0; /* nothing has run: nothing can have been done */
    CLEANUP(buf_fini) struct buf before = text_of(&facts);
    assert_true(bytes_find(buf_peek(&before), BYTES_LITERAL("effects")) == before.size);
    assert_true(bytes_find(buf_peek(&before), BYTES_LITERAL("files")) == before.size);
}

/* Files in any order are the same files. */
static void test_order_does_not_count(void **state)
{
    (void)state;
    struct prng prng;
    prng_seed(&prng, (const uint64_t[4]){3, 1, 4, 1});
    char paths[8][8];
    struct manifest_blob files[8];
    for (int i = 0; i < 8; i++) {
        paths[i][0] = (char)('a' + i);
        paths[i][1] = '\0';
        files[i] = (struct manifest_blob){paths[i], i % 2 ? HASH_A : HASH_B, i};
    }
    struct manifest_facts facts = plain, shuffled = plain;
    struct manifest_blob other[8];
    facts.inputs = files;
    facts.input_count = 8;
    for (int round = 0; round < 100; round++) {
        memcpy(other, files, sizeof other);
        for (size_t i = 8; i-- > 1;) {
            size_t j = prng_next(&prng) % (i + 1);
            struct manifest_blob swapped = other[i];
            other[i] = other[j];
            other[j] = swapped;
        }
        shuffled.inputs = other;
        shuffled.input_count = 8;
        assert_true(same(&facts, &shuffled));
    }
}

/* Each fact by itself makes another manifest. */
static void test_other_facts_other_text(void **state)
{
    (void)state;
    const struct manifest_blob file = {"a", HASH_A, 1};
    json_t *then = json_pack("{s:{s:s}}", "start", "name", "Next");
    struct manifest_facts others[17];
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        others[i] = plain;
    others[0].request = "r2";
    others[1].revision = 2;
    others[2].language = "shell";
    others[3].gate = "both";
    others[4].stage = "before";
    others[5].session = "s";
    others[6].code.sha256 = HASH_B;
    others[7].code.size = 4;
    others[8].inputs = &file, others[8].input_count = 1;
    others[9].policy_version = "1";
    others[10].run = 2;
    others[11].template_id = "t";
    others[12].result.sha256 = HASH_A;
    others[13].files = (struct manifest_blob){NULL, HASH_B, 1};
    others[14].effects = (struct manifest_blob){NULL, HASH_A, 1};
    others[15].run = 0;
    others[16].then = then;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        assert_false(same(&plain, &others[i]));
        for (size_t j = 0; j < i; j++)
            assert_false(same(&others[j], &others[i]));
    }
    json_decref(then);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    const struct manifest_blob twice[] = {{"a", HASH_A, 1}, {"a", HASH_B, 1}};
    struct manifest_facts facts = plain;
    facts.inputs = twice;
    facts.input_count = 2;
    CLEANUP(buf_fini) struct buf out = {0};
    struct err err = {0};
    assert_int_equal(manifest_write(&facts, &out, &err), STATUS_INVALID_ARGUMENT);
    facts = plain;
    facts.session = "\xff";
    assert_int_equal(manifest_write(&facts, &out, &err), STATUS_INVALID_ARGUMENT);
}

static void test_the_difference_in_words(void **state)
{
    (void)state;
    struct manifest_facts other = plain;
    other.revision = 2;
    other.session = "s";
    CLEANUP(buf_fini) struct buf a = text_of(&plain);
    CLEANUP(buf_fini) struct buf b = text_of(&other);
    CLEANUP(buf_fini) struct buf words = {0};
    manifest_difference(buf_peek(&a), buf_peek(&b), &words);
    assert_true(bytes_equal_cstr(buf_peek(&words), "revision, session"));
    CLEANUP(buf_fini) struct buf nothing = {0};
    manifest_difference(buf_peek(&a), buf_peek(&a), &nothing);
    assert_int_equal(nothing.size, 0);
    manifest_difference(buf_peek(&a), BYTES_LITERAL("[]"), &nothing);
    assert_true(bytes_equal_cstr(buf_peek(&nothing), "everything"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_text),
        cmocka_unit_test(test_the_text_with_effects),
        cmocka_unit_test(test_order_does_not_count),
        cmocka_unit_test(test_other_facts_other_text),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_the_difference_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
