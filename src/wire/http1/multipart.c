/* SPDX-License-Identifier: MIT */
/* multipart.c — boundaries first, then the headers of each part. A boundary counts only at the start of a
 * line and when nothing but blanks follow it on its line. */
#include "wire/http1/multipart.h"

#include "base/text.h"
#include "wire/http1/http1.h"
#include "wire/http1/mediatype.h"
#include "wire/http1/uri.h"
#include "wire/limit_values.h"

/* RFC 2046 section 5.1.1: bchars, not ending with a blank. */
static bool boundary_valid(struct bytes bytes)
{
    if (bytes.size == 0 || bytes.size > MULTIPART_BOUNDARY_SIZE_MAX || bytes.data[bytes.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < bytes.size; i++)
        if (!ascii_alnum(bytes.data[i]) && (bytes.data[i] == 0 || !strchr("'()+_,-./:=? ", bytes.data[i])))
            return false;
    return true;
}

enum status multipart_boundary(struct arena *arena, struct bytes content_type, struct bytes body,
                               struct bytes *ret_boundary, struct err *err)
{
    struct bytes boundary = {0};
    if (bytes_starts_with_nocase(bytes_trim(content_type), BYTES_LITERAL("multipart/")))
        boundary = mediatype_param(arena, content_type, "boundary", MEDIATYPE_QUOTED_PAIR);
    if (!boundary.data) {
        struct bytes line = bytes_slice(body, 0, MULTIPART_BOUNDARY_SIZE_MAX + 4);
        size_t end = bytes_find(line, BYTES_LITERAL("\r\n"));
        if (end < line.size && bytes_starts_with(line, BYTES_LITERAL("--")))
            boundary = bytes_trim(bytes_slice(line, 2, end - 2));
    }
    if (!boundary_valid(boundary))
        return err_set(err, STATUS_MALFORMED, "the body is not multipart form data with a valid boundary");
    *ret_boundary = boundary;
    return STATUS_OK;
}

struct delimiter {
    size_t at;   /* where the part before it ends, its CRLF excluded */
    size_t next; /* behind the delimiter's line */
    bool last;
};

/* Reads what follows "--boundary" at `at`: blanks and CRLF, or "--". */
static bool delimiter_ends(struct bytes body, size_t at, struct delimiter *ret)
{
    ret->last = bytes_starts_with(bytes_slice(body, at, 2), BYTES_LITERAL("--"));
    if (ret->last) {
        ret->next = at + 2;
        return true;
    }
    while (at < body.size && (body.data[at] == ' ' || body.data[at] == '\t'))
        at++;
    if (!bytes_starts_with(bytes_slice(body, at, 2), BYTES_LITERAL("\r\n")))
        return false;
    ret->next = at + 2;
    return true;
}

/* The first delimiter at or behind `from`, which stands at the start of a line. `dash` is "--boundary". */
static bool find_delimiter(struct bytes body, struct bytes dash, size_t from, struct delimiter *ret)
{
    for (size_t at = from; at <= body.size;) {
        size_t found = at + bytes_find(bytes_slice(body, at, SIZE_MAX), dash);
        if (found >= body.size)
            return false;
        bool at_line = found == from || (found >= 2 && found - 2 >= from && body.data[found - 2] == '\r' &&
                                         body.data[found - 1] == '\n');
        if (at_line && delimiter_ends(body, found + dash.size, ret)) {
            ret->at = found == from ? found : found - 2;
            return true;
        }
        at = found + 1;
    }
    return false;
}

/* UTF-8 text of an ISO-8859-1 value. */
static struct bytes from_latin1(struct arena *arena, struct bytes in)
{
    uint8_t *out = arena_alloc_array(arena, in.size, 2);
    if (!out)
        return (struct bytes){0};
    size_t size = 0;
    for (size_t i = 0; i < in.size; i++) {
        if (in.data[i] >= 0x80)
            out[size++] = (uint8_t)(0xc0 | in.data[i] >> 6);
        out[size++] = in.data[i] < 0x80 ? in.data[i] : (uint8_t)(0x80 | (in.data[i] & 0x3f));
    }
    return bytes_of(out, size);
}

/* RFC 8187: charset'language'percent-encoded. data NULL if it is not well-formed. */
static struct bytes extended_value(struct arena *arena, struct bytes raw)
{
    struct bytes charset = bytes_split(&raw, '\'');
    (void)bytes_split(&raw, '\'');
    if (!raw.data)
        return (struct bytes){0};
    struct bytes text = uri_decode(arena, raw, false);
    if (bytes_equal_nocase(charset, BYTES_LITERAL("iso-8859-1")))
        return from_latin1(arena, text);
    if (bytes_equal_nocase(charset, BYTES_LITERAL("utf-8")) && bytes_utf8_valid(text))
        return text;
    return (struct bytes){0};
}

/* The three escapes of the HTML form encoding; other '%' are part of the name. */
static struct bytes form_unescape(struct arena *arena, struct bytes raw)
{
    if (raw.size == 0 || !memchr(raw.data, '%', raw.size))
        return raw;
    uint8_t *out = arena_alloc(arena, raw.size);
    if (!out)
        return (struct bytes){0};
    size_t size = 0;
    for (size_t i = 0; i < raw.size;) {
        struct bytes three = bytes_slice(raw, i, 3);
        uint8_t escaped = '\0';
        if (bytes_equal_cstr(three, "%22"))
            escaped = '"';
        else if (bytes_equal_nocase(three, BYTES_LITERAL("%0D")))
            escaped = '\r';
        else if (bytes_equal_nocase(three, BYTES_LITERAL("%0A")))
            escaped = '\n';

        out[size++] = escaped ? escaped : raw.data[i];
        i += escaped ? 3 : 1;
    }
    return bytes_of(out, size);
}

static enum status read_disposition(struct arena *arena, struct bytes value, struct multipart_part *part,
                                    struct err *err)
{
    if (!mediatype_is(value, "form-data"))
        return err_set(err, STATUS_MALFORMED, "a part's Content-Disposition is not form-data");
    struct bytes name = mediatype_param(arena, value, "name", MEDIATYPE_QUOTED_FORM);
    struct bytes filename = mediatype_param(arena, value, "filename", MEDIATYPE_QUOTED_FORM);
    struct bytes extended = mediatype_param(arena, value, "filename*", MEDIATYPE_QUOTED_FORM);
    if (extended.data)
        extended = extended_value(arena, extended);
    part->name = form_unescape(arena, name);
    part->filename = extended.data ? extended : form_unescape(arena, filename);
    return STATUS_OK;
}

static enum status read_field(struct arena *arena, struct bytes line, struct multipart_part *part,
                              struct err *err)
{
    struct bytes value = line;
    struct bytes name = bytes_split(&value, ':');
    if (!value.data || !http1_token_valid(name) || !http1_value_valid(value))
        return err_set(err, STATUS_MALFORMED, "a part of the form has a malformed header");
    value = bytes_trim(value);
    if (bytes_equal_nocase(name, BYTES_LITERAL("content-disposition")))
        return read_disposition(arena, value, part, err);
    if (bytes_equal_nocase(name, BYTES_LITERAL("content-type")))
        part->content_type = value;
    return STATUS_OK;
}

/* One part: header lines, an empty line, data. */
static enum status read_part(struct arena *arena, struct bytes bytes, size_t head_size_max,
                             struct multipart_part *part, struct err *err)
{
    for (size_t at = 0;;) {
        struct bytes rest = bytes_slice(bytes, at, head_size_max - at);
        size_t size = bytes_find(rest, BYTES_LITERAL("\r\n"));
        if (size >= rest.size)
            return at + rest.size < bytes.size
                       ? err_set(err, STATUS_TOO_LARGE,
                                 "a part of the form has too large headers (limit multipart-head-size-max)")
                       : err_set(err, STATUS_MALFORMED, "a part of the form has no end of headers");
        at += size + 2;
        if (size == 0) {
            part->data = bytes_slice(bytes, at, SIZE_MAX);
            return STATUS_OK;
        }
        enum status status = read_field(arena, bytes_slice(rest, 0, size), part, err);
        if (status)
            return status;
    }
}

static size_t or_default(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

enum status multipart_parse(struct arena *arena, struct bytes boundary, struct bytes body,
                            const struct multipart_limits *limits, struct multipart_part **ret_parts,
                            size_t *ret_count, struct err *err)
{
    size_t parts_max = or_default(limits ? limits->parts_max : 0, MULTIPART_PARTS_MAX);
    size_t head_size_max = or_default(limits ? limits->head_size_max : 0, MULTIPART_HEAD_SIZE_MAX);
    char dash_text[MULTIPART_BOUNDARY_SIZE_MAX + 2] = "--";
    if (!boundary_valid(boundary))
        return err_set(err, STATUS_MALFORMED, "the boundary is not valid");
    memcpy(dash_text + 2, boundary.data, boundary.size);
    struct bytes dash = bytes_of(dash_text, boundary.size + 2);

    struct delimiter delimiter;
    if (!find_delimiter(body, dash, 0, &delimiter)) /* what stands before it is a preamble and ignored */
        return err_set(err, STATUS_MALFORMED, "the form does not begin with its boundary");
    struct multipart_part *parts = arena_alloc_array(arena, parts_max, sizeof *parts);
    if (!parts)
        return err_set(err, STATUS_NO_MEMORY, "no memory for the parts of a form");
    size_t count = 0;
    while (!delimiter.last) {
        size_t from = delimiter.next;
        if (!find_delimiter(body, dash, from, &delimiter))
            return err_set(err, STATUS_MALFORMED, "the form ends before its last boundary");
        if (count == parts_max)
            return err_set(err, STATUS_TOO_LARGE,
                           "the form has more than %zu parts (limit multipart-parts-max)", parts_max);
        enum status status =
            read_part(arena, bytes_slice(body, from, delimiter.at - from), head_size_max, &parts[count], err);
        if (status)
            return status;
        count++;
    }
    *ret_parts = parts;
    *ret_count = count;
    return STATUS_OK;
}

const struct multipart_part *multipart_find(const struct multipart_part *parts, size_t count,
                                            const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_cstr(parts[i].name, name))
            return &parts[i];
    return NULL;
}
