/* SPDX-License-Identifier: MIT */
/* odata_filter.c — a reader over the text that takes one token after the other; it never looks back. */
#include "wire/odata_filter.h"

#include "base/text.h"

struct odata_reader {
    struct bytes rest;
    struct arena *arena;
    bool no_memory;
};

static void skip_blanks(struct odata_reader *reader)
{
    while (reader->rest.size > 0 && reader->rest.data[0] == ' ')
        reader->rest = bytes_slice(reader->rest, 1, SIZE_MAX);
}

static bool take(struct odata_reader *reader, const char *text)
{
    struct bytes wanted = bytes_of_cstr(text);
    if (!bytes_starts_with_nocase(reader->rest, wanted))
        return false;
    reader->rest = bytes_slice(reader->rest, wanted.size, SIZE_MAX);
    return true;
}

/* A word ends where no letter or digit follows. */
static bool take_word(struct odata_reader *reader, const char *text)
{
    struct bytes before = reader->rest;
    if (!take(reader, text))
        return false;
    if (reader->rest.size == 0 || !ascii_alnum(reader->rest.data[0]))
        return true;
    reader->rest = before;
    return false;
}

static struct bytes take_name(struct odata_reader *reader)
{
    size_t size = 0;
    while (size < reader->rest.size && ascii_alnum(reader->rest.data[size]))
        size++;
    struct bytes name = bytes_slice(reader->rest, 0, size);
    reader->rest = bytes_slice(reader->rest, size, SIZE_MAX);
    return name;
}

/* 'text', in which a quote is two. */
static bool take_text(struct odata_reader *reader, struct bytes *ret_text)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (!take(reader, "'"))
        return false;
    for (;;) {
        if (reader->rest.size == 0)
            return false;
        uint8_t byte = reader->rest.data[0];
        reader->rest = bytes_slice(reader->rest, 1, SIZE_MAX);
        if (byte == '\'' && !take(reader, "'"))
            break;
        buf_append_byte(&text, byte);
    }
    *ret_text = arena_copy(reader->arena, buf_peek(&text));
    reader->no_memory = buf_status(&text) != STATUS_OK || !ret_text->data;
    return !reader->no_memory;
}

/* startswith(name,'text') */
static bool take_prefix(struct odata_reader *reader, struct odata_term *term)
{
    term->kind = ODATA_PREFIX;
    skip_blanks(reader);
    term->name = take_name(reader);
    skip_blanks(reader);
    bool comma = take(reader, ",");
    skip_blanks(reader);
    if (!comma || term->name.size == 0 || !take_text(reader, &term->text))
        return false;
    skip_blanks(reader);
    return take(reader, ")");
}

/* eq 'text' */
static bool take_equal(struct odata_reader *reader, struct bytes *ret_text)
{
    skip_blanks(reader);
    if (!take_word(reader, "eq"))
        return false;
    skip_blanks(reader);
    return take_text(reader, ret_text);
}

/* name/any(c:c eq 'text') */
static bool take_any(struct odata_reader *reader, struct odata_term *term)
{
    struct bytes variable = take_name(reader);
    term->kind = ODATA_ANY;
    if (variable.size == 0 || !take(reader, ":"))
        return false;
    skip_blanks(reader);
    if (!bytes_equal(take_name(reader), variable) || !take_equal(reader, &term->text))
        return false;
    skip_blanks(reader);
    return take(reader, ")");
}

/* name() or name('text') */
static bool take_call(struct odata_reader *reader, struct odata_term *term)
{
    term->kind = ODATA_CALL;
    skip_blanks(reader);
    if (take(reader, ")"))
        return true;
    if (!take_text(reader, &term->text))
        return false;
    skip_blanks(reader);
    return take(reader, ")");
}

static bool take_term(struct odata_reader *reader, struct odata_term *term)
{
    *term = (struct odata_term){.kind = ODATA_EQUAL};
    skip_blanks(reader);
    if (take(reader, "startswith("))
        return take_prefix(reader, term);
    term->name = take_name(reader);
    if (term->name.size == 0)
        return false;
    if (take(reader, "/any("))
        return take_any(reader, term);
    if (take(reader, "("))
        return take_call(reader, term);
    return take_equal(reader, &term->text);
}

/* False: the text does not go on with the same word as before. */
static bool take_joint(struct odata_reader *reader, struct odata_filter *filter)
{
    bool all = take_word(reader, "and");
    if (!all && !take_word(reader, "or"))
        return false;
    bool first = filter->count == 1;
    if (first)
        filter->all = all;
    return first || filter->all == all;
}

enum status odata_filter_read(struct bytes text, struct arena *arena, struct odata_filter *ret_filter,
                              struct err *err)
{
    struct odata_reader reader = {.rest = text, .arena = arena};
    *ret_filter = (struct odata_filter){.count = 0};
    skip_blanks(&reader);
    bool good = true;
    while (good && reader.rest.size > 0) {
        if (ret_filter->count > 0)
            good = take_joint(&reader, ret_filter);
        good = good && ret_filter->count < ODATA_TERMS_MAX &&
               take_term(&reader, &ret_filter->terms[ret_filter->count]);
        ret_filter->count += good;
        skip_blanks(&reader);
    }
    if (reader.no_memory)
        return err_no_memory(err);
    if (!good)
        return err_set(err, STATUS_MALFORMED,
                       "the $filter is none of: NAME eq 'TEXT', NAME/any(c:c eq 'TEXT'), "
                       "startswith(NAME,'TEXT'), NAME(), "
                       "NAME('TEXT'), joined by or, or by and");
    return STATUS_OK;
}
