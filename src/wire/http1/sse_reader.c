/* SPDX-License-Identifier: MIT */
/* sse_reader.c — bytes to lines, lines to fields, and at an empty line an event. */
#include "wire/http1/sse_reader.h"

void sse_reader_init(struct sse_reader *reader, size_t size_max,
                     void (*on_event)(void *context, const struct sse_event *event), void *context)
{
    *reader = (struct sse_reader){.size_max = size_max, .on_event = on_event, .context = context};
}

void sse_reader_fini(struct sse_reader *reader)
{
    buf_fini(&reader->line);
    buf_fini(&reader->name);
    buf_fini(&reader->data);
    buf_fini(&reader->id);
}

static void clear(struct sse_reader *reader, struct buf *field)
{
    reader->failed = reader->failed || field->failed;
    buf_clear(field);
}

static void set(struct sse_reader *reader, struct buf *field, struct bytes value)
{
    clear(reader, field);
    buf_append_bytes(field, value);
}

static void take_data(struct sse_reader *reader, struct bytes value)
{
    if (reader->data.size + value.size + 1 > reader->size_max) {
        reader->left_out = true;
        return;
    }
    if (reader->has_data)
        buf_append_byte(&reader->data, '\n');
    buf_append_bytes(&reader->data, value);
    reader->has_data = true;
}

/* "name: value", "name:value" or "name"; others than these three say nothing to us, and a comment has no name. */
static void take_field(struct sse_reader *reader, struct bytes line)
{
    struct bytes name = bytes_slice(line, 0, bytes_find(line, BYTES_LITERAL(":")));
    struct bytes value = bytes_slice(line, name.size + 1, line.size);
    if (value.size > 0 && value.data[0] == ' ')
        value = bytes_slice(value, 1, value.size);
    if (bytes_equal_cstr(name, "data"))
        take_data(reader, value);
    else if (bytes_equal_cstr(name, "event"))
        set(reader, &reader->name, value);
    else if (bytes_equal_cstr(name, "id") && bytes_find(value, bytes_of("", 1)) == value.size)
        set(reader, &reader->id, value);
}

static void end_event(struct sse_reader *reader)
{
    const struct sse_event event = {.id = buf_peek(&reader->id),
                                    .name = reader->name.size ? buf_peek(&reader->name)
                                                              : BYTES_LITERAL("message"),
                                    .data = buf_peek(&reader->data)};
    if (reader->has_data && !reader->left_out)
        reader->on_event(reader->context, &event);
    clear(reader, &reader->name);
    clear(reader, &reader->data);
    reader->has_data = false;
    reader->left_out = false;
}

static void end_line(struct sse_reader *reader)
{
    struct bytes line = buf_peek(&reader->line);
    static const char mark[] = "\xef\xbb\xbf";
    if (!reader->begun && line.size >= 3 && memcmp(line.data, mark, 3) == 0)
        line = bytes_slice(line, 3, line.size);
    reader->begun = true;
    if (reader->line_over)
        reader->left_out = true;
    else if (line.size == 0)
        end_event(reader);
    else
        take_field(reader, line);
    clear(reader, &reader->line);
    reader->line_over = false;
}

static void take_part(struct sse_reader *reader, struct bytes part)
{
    if (reader->line.size + part.size > reader->size_max) {
        reader->line_over = true;
        clear(reader, &reader->line);
    }
    if (!reader->line_over)
        buf_append_bytes(&reader->line, part);
}

static bool is_end(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

enum status sse_reader_feed(struct sse_reader *reader, struct bytes bytes)
{
    while (bytes.size > 0) {
        size_t size = 0;
        if (reader->after_cr && bytes.data[0] == '\n')
            bytes = bytes_slice(bytes, 1, bytes.size);
        reader->after_cr = false;
        while (size < bytes.size && !is_end(bytes.data[size]))
            size++;
        take_part(reader, bytes_slice(bytes, 0, size));
        if (size == bytes.size)
            break;
        reader->after_cr = bytes.data[size] == '\r';
        end_line(reader);
        bytes = bytes_slice(bytes, size + 1, bytes.size);
    }
    bool failed = reader->failed || reader->line.failed || reader->name.failed || reader->data.failed ||
                  reader->id.failed;
    return failed ? STATUS_NO_MEMORY : STATUS_OK;
}
