/* SPDX-License-Identifier: MIT */
/* http_tag.h — entity tags (RFC 9110 section 8.8.3): the tag of an answer's bytes, and whether a client's list names a tag. Used
 * wherever something is answered with an ETag. Pure. */
#ifndef NET_HTTP_TAG_H
#define NET_HTTP_TAG_H

#include "base/bytes.h"

#define HTTP_TAG_SIZE 33 /* bytes of text with its NUL */

/* Half of the SHA-256 of `body` in hexadecimal, without quotes; "" when it cannot be computed. Who has no bytes but the hash of others'
 * cannot find such that meet it. */
void http_tag_of(struct bytes body, char ret_tag[static HTTP_TAG_SIZE]);
/* True if `list`, as If-Match has it, is "*" or names a tag that begins with `version` and a dot; weak tags match nothing (RFC 9110 section
 * 13.1.1). */
bool http_tag_of_version(struct bytes list, struct bytes version);
/* True if `list`, as If-None-Match and If-Range have it, is "*" or names the quoted `tag`; compared weakly. */
bool http_tag_named(struct bytes list, struct bytes tag);

#endif
