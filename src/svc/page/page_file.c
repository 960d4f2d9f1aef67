/* SPDX-License-Identifier: MIT */
/* page_file.c — a table that web/embed.py wrote, searched; and lists of headers, a piece at a time. */
#include "svc/page/page_file.h"

#include "base/macros.h"
#include "wire/http1/mediatype.h"

#include "svc/page/page_table.h"

const struct page_file *page_file_find(struct bytes path)
{
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (bytes_equal_cstr(path, files[i].path))
            return &files[i];
    return NULL;
}

/* "q=0", "q=0.000" among the parameters of one piece. */
static bool refuses(struct bytes piece)
{
    (void)bytes_split(&piece, ';');
    while (piece.size > 0) {
        struct bytes parameter = bytes_trim(bytes_split(&piece, ';'));
        if (!bytes_starts_with_nocase(parameter, BYTES_LITERAL("q=0")))
            continue;
        struct bytes rest = bytes_slice(parameter, 3, SIZE_MAX);
        bool zero = true;
        for (size_t i = 0; i < rest.size; i++)
            zero = zero && (rest.data[i] == '0' || rest.data[i] == '.');
        return zero;
    }
    return false;
}

bool page_accepts(struct bytes header, const char *what)
{
    while (header.size > 0) {
        struct bytes piece = bytes_split(&header, ',');
        if (mediatype_is(bytes_trim(piece), what))
            return !refuses(piece);
    }
    return false;
}
