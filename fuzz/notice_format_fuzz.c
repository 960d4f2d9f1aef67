/* SPDX-License-Identifier: MIT */
/* notice_format_fuzz.c — any texts of a request as a message of each format: JSON stays JSON in which what nobody may mention is nowhere raw, and a
 * mail has eleven headers. */
#include "core/notice/format/format.h"
#include "wire/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct format_mail mail = {.from = "a@b",
                                        .to = "c@d",
                                        .message_id = "1@e",
                                        .thread_id = "2@e",
                                        .date = "Sun, 29 Nov 2026 08:09:46 +0000"};

static json_t *text_of(struct bytes *rest)
{
    struct bytes piece = bytes_split(rest, '|');
    json_t *text = json_stringn((const char *)piece.data, piece.size);
    return text ? text : json_string("");
}

static json_t *request_of(struct bytes rest)
{
    json_t *request = json_pack("{s:o, s:o, s:{s:o}, s:o}", "id", text_of(&rest), "purpose", text_of(&rest),
                                "submitter", "name", text_of(&rest), "onBehalfOf", text_of(&rest));
    json_object_set_new(request, "decision",
                        json_pack("{s:o, s:o}", "by", text_of(&rest), "comment", text_of(&rest)));
    json_object_set_new(request, "policy", json_pack("{s:o}", "due", text_of(&rest)));
    json_object_set_new(request, "deadline", text_of(&rest));
    return request;
}

static void check_json(struct buf *out, bool slack)
{
    CLEANUP(json_release) json_t *root = NULL;
    ASSERT(json_parse(buf_peek(out), NULL, &root, NULL) == STATUS_OK);
    if (slack)
        ASSERT(!strchr(json_string_value(json_object_get(root, "text")), '<'));
    buf_clear(out);
}

static void check_mail(const struct buf *out)
{
    struct bytes rest = buf_peek(out);
    size_t headers = 0, end;
    while ((end = bytes_find(rest, BYTES_LITERAL("\r\n"))) > 0 && end < rest.size) {
        for (size_t i = 0; i < end; i++)
            ASSERT(rest.data[i] >= ' ' && rest.data[i] <= '~');
        headers += rest.data[0] != ' ';
        rest = bytes_slice(rest, end + 2, SIZE_MAX);
    }
    ASSERT(headers == 11);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(json_release) json_t *request = request_of(bytes_of(data, size));
    CLEANUP(format_words_fini) struct format_words words;
    CLEANUP(buf_fini) struct buf out = {0};
    if (format_words_of("request.waiting", request, "https://a/b", &words, NULL) != STATUS_OK)
        return 0;
    ASSERT(bytes_utf8_valid(buf_peek(&words.title)));
    ASSERT(format_slack(&words, &out) == STATUS_OK);
    check_json(&out, true);
    ASSERT(format_teams(&words, &out) == STATUS_OK);
    ASSERT(bytes_find(buf_peek(&out), BYTES_LITERAL("{{")) == out.size);
    check_json(&out, false);
    ASSERT(format_ntfy(&words, "topic", &out) == STATUS_OK);
    check_json(&out, false);
    ASSERT(format_mail(&words, &mail, &out, NULL) == STATUS_OK);
    check_mail(&out);
    return 0;
}
