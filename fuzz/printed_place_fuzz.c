/* SPDX-License-Identifier: MIT */
/* printed_place_fuzz.c — where a reader of output says that it is: what is taken is written back the same, and no place reads beyond
 * what there is, or anything but UTF-8. */
#include "svc/app/printed.h"

static void read_all(const struct printed *printed, struct printed_place place)
{
    enum printed_kind kind;
    do {
        CLEANUP(buf_fini) struct buf piece = {0};
        enum printed_stream stream;
        kind = printed_next(printed, &place, 3, &stream, &piece);
        ASSERT(bytes_utf8_valid(buf_peek(&piece)));
    } while (kind != PRINTED_NOTHING && kind != PRINTED_ALL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct printed_place place, again;
    struct printed printed = {.whole = false};
    bool goes_on;
    CLEANUP(buf_fini) struct buf text = {0};
    if (!printed_place_parse(bytes_of(data, size), &place))
        return 0;
    printed_place_write(&text, &place);
    ASSERT(printed_place_parse(buf_peek(&text), &again) && memcmp(&place, &again, sizeof place) == 0);

    ASSERT(printed_add(&printed, PRINTED_STDOUT, BYTES_LITERAL("\xc3\xbc\xe2\x82\xac"), 100));
    read_all(&printed, place);
    json_t *result = json_pack("{s:s, s:s, s:[s]}", "stdout", "\xc3\xbc\xe2\x82\xac and more", "stderr", "",
                               "outputs", "x");
    ASSERT(printed_settle(&printed, result, &goes_on) == STATUS_OK && goes_on);
    json_decref(result);
    read_all(&printed, place);
    printed_fini(&printed);
    return 0;
}
