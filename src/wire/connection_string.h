/* SPDX-License-Identifier: MIT */
/* connection_string.h — reads the connection strings of a durable task scheduler, such as
 * "Endpoint=https://h;TaskHub=t;Authentication=ManagedIdentity;ClientID=…". Used by the SDK, by the credentials and by the
 * command line. Pure; the values are views into the text. Source: spec of the protocol, section 2.1: `key=value` pairs
 * joined by ';', keys in any case, blanks around both trimmed, empty pairs and unknown keys ignored, '=' allowed in a
 * value. A first part that is a bare URL or host counts as the Endpoint. */
#ifndef WIRE_CONNECTION_STRING_H
#define WIRE_CONNECTION_STRING_H

#include "base/bytes.h"

#define CONNECTION_STRING_SIZE_MAX 8192 /* bytes */

/* What it says; data NULL: it does not say it. */
struct connection_string {
    struct bytes endpoint;
    struct bytes task_hub;
    struct bytes authentication;
    struct bytes client_id;
    struct bytes tenant_id;
    struct bytes token_file;
};

/* INVALID_ARGUMENT: too long, a key twice, an empty value, a part that is no pair; `err` names it and never holds a value. */
STATUS_RESULT connection_string_parse(struct bytes text, struct connection_string *ret_parts,
                                      struct err *err);

#endif
