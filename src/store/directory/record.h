/* SPDX-License-Identifier: MIT */
/* record.h — an object of the directory as it stands in the file: a JSON object with the fields of its kind, which one table lists
 * with the places in their structs. A field that is not there is empty; one that is not known is dropped, since only an
 * older version can have written it. Pure. */
#ifndef STORE_DIRECTORY_RECORD_H
#define STORE_DIRECTORY_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/directory/object.h"

#define RECORD_KEYS_MAX 4 /* unique values of one object */

/* "person"; for messages. */
const char *record_kind_name(enum directory_kind kind);
/* Bytes of the kind's struct. */
size_t record_size(enum directory_kind kind);
/* INVALID_ARGUMENT: a text is too long or not UTF-8, or there is no id. NO_MEMORY. */
STATUS_RESULT record_write(enum directory_kind kind, const void *object, struct buf *out, struct err *err);
/* Fills a zeroed object; texts live in `arena`. DATA_LOSS: it is no record of that kind; NO_MEMORY. */
STATUS_RESULT record_read(enum directory_kind kind, struct bytes body, struct arena *arena, void *object,
                          struct err *err);
/* The object's unique values, each as a key that also says kind and field, in `arena`. NO_MEMORY. */
STATUS_RESULT record_keys(enum directory_kind kind, const void *object, struct arena *arena,
                          struct bytes ret_keys[RECORD_KEYS_MAX], size_t *ret_count);
/* The key of one value; data NULL without memory. The field is a unique one, else a programmer's error. */
struct bytes record_key(enum directory_kind kind, const char *field, struct bytes value, struct arena *arena);

#endif
