/* SPDX-License-Identifier: MIT */
/* http_tag.c — a hash, and a list with commas between. */
#include "net/http_tag.h"

#include <openssl/evp.h>
#include <stdio.h>

void http_tag_of(struct bytes body, char ret_tag[static HTTP_TAG_SIZE])
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    const void *data = body.data ? body.data : (const void *)"";
    ret_tag[0] = '\0';
    if (EVP_Digest(data, body.size, hash, NULL, EVP_sha256(), NULL) != 1)
        return;
    for (size_t i = 0; i < HTTP_TAG_SIZE / 2; i++)
        (void)snprintf(ret_tag + 2 * i, 3, "%02x", hash[i]);
}

bool http_tag_named(struct bytes list, struct bytes tag)
{
    while (list.size > 0) {
        struct bytes one = bytes_trim(bytes_split(&list, ','));
        if (bytes_starts_with(one, BYTES_LITERAL("W/"))) /* compared weakly (RFC 9110 section 13.1.2) */
            one = bytes_slice(one, 2, SIZE_MAX);
        if (bytes_equal(one, tag) || bytes_equal(one, BYTES_LITERAL("*")))
            return true;
    }
    return false;
}

static bool is_quoted(struct bytes text)
{
    return text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"';
}

bool http_tag_of_version(struct bytes list, struct bytes version)
{
    while (list.size > 0) {
        struct bytes one = bytes_trim(bytes_split(&list, ','));
        if (bytes_equal(one, BYTES_LITERAL("*")))
            return true;
        if (!is_quoted(one))
            continue;
        struct bytes text = bytes_slice(one, 1, one.size - 2);
        if (bytes_starts_with(text, version) &&
            bytes_starts_with(bytes_slice(text, version.size, SIZE_MAX), BYTES_LITERAL(".")))
            return true;
    }
    return false;
}
