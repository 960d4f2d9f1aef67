/* SPDX-License-Identifier: MIT */
/* sse.c — field lines, and data cut at every kind of line end. */
#include "wire/http1/sse.h"

static bool stays_on_its_line(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] == '\n' || bytes.data[i] == '\r' || bytes.data[i] == 0)
            return false;
    return bytes_utf8_valid(bytes);
}

static void write_field(struct buf *out, const char *name, struct bytes value)
{
    buf_append_cstr(out, name);
    buf_append_cstr(out, ": "); /* the blank is taken off again, so a value may begin with one */
    buf_append_bytes(out, value);
    buf_append_byte(out, '\n');
}

/* Takes one line off the front; its end, if there is one, is not part of it. False: that was the last. */
static bool take_line(struct bytes *rest, struct bytes *ret_line)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != '\n' && rest->data[size] != '\r')
        size++;
    *ret_line = bytes_slice(*rest, 0, size);
    if (size == rest->size)
        return false;
    bool crlf = rest->data[size] == '\r' && size + 1 < rest->size && rest->data[size + 1] == '\n';
    *rest = bytes_slice(*rest, size + (crlf ? 2 : 1), rest->size);
    return true;
}

enum status sse_write(struct buf *out, const struct sse_event *event)
{
    if (!stays_on_its_line(event->id) || !stays_on_its_line(event->name) || !bytes_utf8_valid(event->data))
        return STATUS_MALFORMED;
    if (event->id.data)
        write_field(out, "id", event->id);
    if (event->name.data)
        write_field(out, "event", event->name);
    struct bytes rest = event->data, line;
    bool more;
    do {
        more = take_line(&rest, &line);
        write_field(out, "data", line);
    } while (more);
    buf_append_byte(out, '\n');
    return STATUS_OK;
}

void sse_write_comment(struct buf *out)
{
    buf_append_cstr(out, ":\n\n");
}
