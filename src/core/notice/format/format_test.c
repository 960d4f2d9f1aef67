/* SPDX-License-Identifier: MIT */
/* format_test.c — messages of texts that were chosen to be more than text. If it fails: a name mentions a whole channel, a purpose
 * becomes a link to somewhere else, a label adds a header to a mail, or a message cannot be read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/duration.h"
#include "base/encode.h"
#include "core/notice/format/format.h"
#include "wire/json/json.h"

#define LINK "https://sally.example.org/confirm/AQAA"
#define EVIL                                                                                                 \
    "<!channel> <https://evil.example|here> &lt; *b* _i_ [a](https://evil.example) "                         \
    "{{DATE(2017-02-14T06:00:00Z)}} :tada: "                                                                 \
    "<at>all</at>\r\nBcc: all@example.org\r\n\r\nBody \"\\ \u202e\x01 =?UTF-8?B?QQ==?="

struct message {
    json_t *request;
    struct format_words words;
    struct buf out;
};

static void open_message(struct message *message, const char *type, const char *evil)
{
    *message = (struct message){0};
    message->request =
        json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:{s:s}, s:{s:s, s:s}, s:{s:s}, s:s}", "id",
                  "7f3a0001-x", "purpose", evil, "submitter", "id", "x", "name", evil, "kind", "user",
                  "onBehalfOf", evil, "labels", evil, evil, "decision", "by", evil, "comment", evil, "policy",
                  "due", evil, "deadline", "2026-11-29T17:51:00.0000000Z");
    assert_non_null(message->request);
    assert_int_equal(format_words_of(type, message->request, LINK, &message->words, NULL), STATUS_OK);
}

static void close_message(struct message *message)
{
    buf_fini(&message->out);
    format_words_fini(&message->words);
    json_decref(message->request);
}

static json_t *read_json(const struct message *message)
{
    json_t *value = NULL;
    assert_int_equal(json_parse(buf_peek(&message->out), NULL, &value, NULL), STATUS_OK);
    return value;
}

static bool has(struct bytes text, const char *part)
{
    return bytes_find(text, bytes_of_cstr(part)) < text.size;
}

static const char *text_in(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* Every object below `value` whose "type" is not one of `types`, where others' text is. */
static void find_text_outside(const json_t *value, const char *marker, const char *const *types, size_t count,
                              size_t *found)
{
    const char *key;
    size_t index;
    json_t *one, *object = (json_t *)(uintptr_t)value;
    for (index = 0; index < json_array_size(value); index++)
        find_text_outside(json_array_get(value, index), marker, types, count, found);
    json_object_foreach(object, key, one)
    {
        bool safe = false;
        for (size_t i = 0; i < count; i++)
            safe = safe || (text_in(object, "type") && strcmp(text_in(object, "type"), types[i]) == 0);
        if (json_is_string(one) && !safe && strstr(json_string_value(one), marker))
            (*found)++;
        find_text_outside(one, marker, types, count, found);
    }
}

static void test_text_of_others_is_visible_and_cut(void **state)
{
    (void)state;
    static const struct {
        struct bytes text;
        size_t size, lines;
        const char *shown;
    } cases[] = {{BYTES_LITERAL("plain"), 100, 1, "plain"},
                 {BYTES_LITERAL("a\r\nb\tc"), 100, 1, "a b c"},
                 {BYTES_LITERAL("a\r\nb\nc"), 100, 2, "a\nb…"},
                 {BYTES_LITERAL("a\rb"), 100, 2, "ab"},
                 {BYTES_LITERAL("x\u202ey\x1b[1m\0z"), 100, 1, "x[U+202E]y[U+001B][1m[U+0000]z"},
                 {BYTES_LITERAL("\xff\xc3"), 100, 1, "??"},
                 {BYTES_LITERAL("123456789012345"), 20, 1, "123456789…"},
                 {BYTES_LITERAL("äöü€"), 100, 1, "äöü€"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buf out = {0};
        format_append_visible(&out, cases[i].text, cases[i].size, cases[i].lines);
        buf_append_byte(&out, '\0');
        assert_string_equal((char *)out.data, cases[i].shown);
        buf_fini(&out);
    }
}

static void test_words_of_an_event(void **state)
{
    (void)state;
    struct message message;
    open_message(&message, "sallyport.request.waiting", "churn");
    assert_string_equal(message.words.headline, "Waits for a decision");
    assert_true(message.words.urgent);
    assert_true(bytes_equal_cstr(buf_peek(&message.words.title), "churn"));
    assert_string_equal(message.words.rows[message.words.row_count - 1].name, "Until");
    assert_true(bytes_equal_cstr(buf_peek(&message.words.rows[message.words.row_count - 1].value),
                                 "2026-11-29 17:51 UTC"));
    close_message(&message);
    open_message(&message, "request.approved", "churn");
    assert_string_equal(message.words.headline, "Approved");
    assert_false(message.words.urgent);
    close_message(&message);
    open_message(&message, "of another kind", " \n");
    assert_true(bytes_equal_cstr(buf_peek(&message.words.title), "Request 7f3a0001"));
    close_message(&message);
}

static void test_a_link_is_a_plain_one(void **state)
{
    (void)state;
    static const char *const links[] = {"javascript:alert(1)",
                                        "https://a b",
                                        "https://a\r\nb",
                                        "https://a\"b",
                                        "https://a<b",
                                        "ftp://a",
                                        "//a",
                                        "",
                                        "https://\u00e4"};
    json_t *request = json_object();
    struct format_words words;
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        assert_int_equal(format_words_of("x", request, links[i], &words, NULL), STATUS_INVALID_ARGUMENT);
    json_decref(request);
}

static void test_slack_sees_no_markup(void **state)
{
    (void)state;
    static const char *const types[] = {"plain_text", "text"};
    struct message message;
    size_t found = 0;
    open_message(&message, "request.waiting", EVIL);
    assert_int_equal(format_slack(&message.words, &message.out), STATUS_OK);
    json_t *root = read_json(&message);
    find_text_outside(json_object_get(root, "blocks"), "evil.example", types, ARRAY_SIZE(types), &found);
    assert_int_equal(found, 0);
    const char *text = text_in(root, "text");
    assert_null(strchr(text, '<'));
    assert_non_null(strstr(text, "&lt;!channel&gt;"));
    assert_non_null(strstr(text, "&amp;lt;"));
    assert_true(json_is_false(json_object_get(root, "unfurl_links")));
    assert_true(json_is_false(json_object_get(root, "mrkdwn")));
    assert_true(has(buf_peek(&message.out), "\"url\":\"" LINK "\""));
    json_decref(root);
    close_message(&message);
}

static void test_teams_sees_no_markdown(void **state)
{
    (void)state;
    static const char *const types[] = {"TextRun"};
    struct message message;
    size_t found = 0;
    open_message(&message, "request.waiting", EVIL);
    assert_int_equal(format_teams(&message.words, &message.out), STATUS_OK);
    json_t *root = read_json(&message);
    find_text_outside(root, "evil.example", types, ARRAY_SIZE(types), &found);
    assert_int_equal(found, 0);
    assert_false(has(buf_peek(&message.out), "\"type\":\"TextBlock\""));
    assert_false(has(buf_peek(&message.out), "{{"));
    const json_t *card = json_object_get(json_array_get(json_object_get(root, "attachments"), 0), "content");
    assert_string_equal(text_in(card, "version"), "1.4");
    assert_string_equal(text_in(json_array_get(json_object_get(card, "actions"), 0), "url"), LINK);
    json_decref(root);
    close_message(&message);
}

static void test_ntfy_is_plain(void **state)
{
    (void)state;
    struct message message;
    open_message(&message, "request.reminder", EVIL);
    assert_int_equal(format_ntfy(&message.words, "topic", &message.out), STATUS_OK);
    json_t *root = read_json(&message);
    assert_string_equal(text_in(root, "title"), "Still waits for a decision");
    assert_string_equal(text_in(root, "click"), LINK);
    assert_int_equal(json_integer_value(json_object_get(root, "priority")), 4);
    assert_true(json_is_false(json_object_get(root, "markdown")));
    assert_true(strlen(text_in(root, "message")) < 4096); /* a longer one comes as a file */
    json_decref(root);
    close_message(&message);
}

/* --- mails --- */

static const struct format_mail to_mina = {.from = "sallyport@example.org",
                                           .to = "mina@example.org",
                                           .message_id = "17.3@sally.example.org",
                                           .thread_id = "7f3a0001@sally.example.org",
                                           .date = "Sun, 29 Nov 2026 08:09:46 +0000"};

static void test_a_mail_has_our_headers_only(void **state)
{
    (void)state;
    static const char *const names[] = {
        "From: ",          "To: ",      "Date: ",         "Message-ID: ",   "In-Reply-To: ",
        "References: ",    "Subject: ", "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: ",
        "Auto-Submitted: "};
    struct message message;
    size_t at = 0;
    open_message(&message, "request.waiting", EVIL EVIL);
    assert_int_equal(format_mail(&message.words, &to_mina, &message.out, NULL), STATUS_OK);
    struct bytes rest = buf_peek(&message.out);
    for (;;) {
        size_t end = bytes_find(rest, BYTES_LITERAL("\r\n"));
        struct bytes line = bytes_slice(rest, 0, end);
        rest = bytes_slice(rest, end + 2, SIZE_MAX);
        if (line.size == 0)
            break;
        assert_true(line.size <= FORMAT_HEADER_LINE);
        for (size_t i = 0; i < line.size; i++)
            assert_in_range(line.data[i], ' ', '~');
        if (line.data[0] == ' ') { /* the subject goes on */
            assert_int_equal(at, 7);
            continue;
        }
        assert_true(at < ARRAY_SIZE(names) && bytes_starts_with(line, bytes_of_cstr(names[at])));
        at++;
    }
    assert_int_equal(at, ARRAY_SIZE(names));
    for (size_t i = 0; i < rest.size; i++) /* the text is digits of base64 and line ends */
        assert_non_null(
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n", rest.data[i]));
    assert_false(has(buf_peek(&message.out), "Bcc"));
    close_message(&message);
}

static void test_the_text_of_a_mail_bars_what_others_wrote(void **state)
{
    (void)state;
    struct message message;
    struct buf text = {0};
    open_message(&message, "request.rejected", "no\nOpen https://evil.example");
    assert_int_equal(format_mail(&message.words, &to_mina, &message.out, NULL), STATUS_OK);
    struct bytes rest = buf_peek(&message.out);
    rest = bytes_slice(rest, bytes_find(rest, BYTES_LITERAL("\r\n\r\n")) + 4, SIZE_MAX);
    while (rest.size > 0) {
        size_t end = bytes_find(rest, BYTES_LITERAL("\r\n"));
        assert_true(end <= 76);
        assert_int_equal(base64_decode(&text, bytes_slice(rest, 0, end)), STATUS_OK);
        rest = bytes_slice(rest, end + 2, SIZE_MAX);
    }
    assert_true(has(buf_peek(&text), "\r\n" LINK "\r\n"));
    assert_true(has(buf_peek(&text), "  | no\r\n  | Open https://evil.example\r\n"));
    assert_false(has(buf_peek(&text), "\nOpen https://evil"));
    buf_fini(&text);
    close_message(&message);
}

static void test_dates_of_mails(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_s;
        const char *date;
    } known[] = {{0, "Thu, 01 Jan 1970 00:00:00 +0000"},
                 {951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
                 {1795939786, "Sun, 29 Nov 2026 08:09:46 +0000"},
                 {4102444799, "Thu, 31 Dec 2099 23:59:59 +0000"}};
    char date[FORMAT_DATE_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        format_mail_date(known[i].unix_s * NS_PER_S, date);
        assert_string_equal(date, known[i].date);
    }
}

/* Only of a link that decides is it said that it is one's own. */
static void test_a_link_to_a_page_may_be_forwarded(void **state)
{
    struct message message;
    struct buf personal = {0};
    (void)state;
    open_message(&message, "request.waiting", "churn");
    assert_int_equal(format_mail(&message.words, &to_mina, &message.out, NULL), STATUS_OK);
    message.words.link_decides = true;
    assert_int_equal(format_mail(&message.words, &to_mina, &personal, NULL), STATUS_OK);
    assert_true(personal.size > message.out.size);
    buf_fini(&personal);
    close_message(&message);
}

static void test_a_subject_is_read_back(void **state)
{
    (void)state;
    struct message message;
    struct buf subject = {0};
    const char *purpose = "Größe der Ausgänge für das vierte Quartal, von vielen Häusern: 𝄞";
    open_message(&message, "request.waiting", purpose);
    assert_int_equal(format_mail(&message.words, &to_mina, &message.out, NULL), STATUS_OK);
    struct bytes rest = buf_peek(&message.out);
    rest = bytes_slice(rest, bytes_find(rest, BYTES_LITERAL("Subject:")), SIZE_MAX);
    rest = bytes_slice(rest, 0, bytes_find(rest, BYTES_LITERAL("MIME-Version")));
    for (size_t at; (at = bytes_find(rest, BYTES_LITERAL("=?UTF-8?B?"))) < rest.size;) {
        rest = bytes_slice(rest, at + 10, SIZE_MAX);
        size_t before = subject.size;
        assert_int_equal(base64_decode(&subject, bytes_slice(rest, 0, bytes_find(rest, BYTES_LITERAL("?=")))),
                         STATUS_OK);
        assert_true(bytes_utf8_valid(bytes_slice(buf_peek(&subject), before, SIZE_MAX)));
    }
    assert_true(has(buf_peek(&subject), "Waits for a decision: "));
    assert_true(has(buf_peek(&subject), purpose));
    buf_fini(&subject);
    close_message(&message);
}

static void test_addresses_and_ids_that_could_be_more(void **state)
{
    (void)state;
    static const char *const good[] = {"mina@example.org", "a.b+c@x-y.example", "o'neil@example.org",
                                       "x@localhost"};
    static const char *const bad[] = {"",
                                      "mina",
                                      "@example.org",
                                      "mina@",
                                      "a@b@c",
                                      "a b@c",
                                      "a@b c",
                                      "a@b\r\nBcc: c@d",
                                      "\"a\"@b",
                                      "<a@b>",
                                      "a@b>,<c@d",
                                      "a..b@c",
                                      ".a@b",
                                      "a.@b",
                                      "a@.b",
                                      "a@b.",
                                      "a@-b",
                                      "m\u00fc@example.org",
                                      "a@[127.0.0.1]",
                                      "a,b@c"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(format_is_mail_address(bytes_of_cstr(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(format_is_mail_address(bytes_of_cstr(bad[i])));
    assert_false(format_is_mail_address(BYTES_LITERAL("a@b\0c")));

    struct message message;
    open_message(&message, "request.waiting", "churn");
    struct format_mail mail = to_mina;
    mail.to = "a@b\r\nBcc: c@d";
    assert_int_equal(format_mail(&message.words, &mail, &message.out, NULL), STATUS_INVALID_ARGUMENT);
    mail = to_mina;
    mail.message_id = "a@b>\r\nX: y";
    assert_int_equal(format_mail(&message.words, &mail, &message.out, NULL), STATUS_INVALID_ARGUMENT);
    mail = to_mina;
    mail.date = "today\r\nX: y";
    assert_int_equal(format_mail(&message.words, &mail, &message.out, NULL), STATUS_INVALID_ARGUMENT);
    assert_int_equal(message.out.size, 0);
    close_message(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_others_is_visible_and_cut),
        cmocka_unit_test(test_words_of_an_event),
        cmocka_unit_test(test_a_link_is_a_plain_one),
        cmocka_unit_test(test_slack_sees_no_markup),
        cmocka_unit_test(test_teams_sees_no_markdown),
        cmocka_unit_test(test_ntfy_is_plain),
        cmocka_unit_test(test_a_mail_has_our_headers_only),
        cmocka_unit_test(test_the_text_of_a_mail_bars_what_others_wrote),
        cmocka_unit_test(test_dates_of_mails),
        cmocka_unit_test(test_a_link_to_a_page_may_be_forwarded),
        cmocka_unit_test(test_a_subject_is_read_back),
        cmocka_unit_test(test_addresses_and_ids_that_could_be_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
