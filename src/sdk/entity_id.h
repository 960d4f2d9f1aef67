/* SPDX-License-Identifier: MIT */
/* entity_id.h — the two forms of an entity's id: name and key, as users have it, and "@name@key", as the service has it.
 * Pure; results are views or live in the caller's arena. Used by the client, by turns and by entities. */
#ifndef SDK_ENTITY_ID_H
#define SDK_ENTITY_ID_H

#include "base/arena.h"
#include "durabletask.h"

/* "@name@key" with the name in lower case, copied. INVALID_ARGUMENT: a NULL, an empty name, an '@' in the name, or not
 * UTF-8; NO_MEMORY. */
STATUS_RESULT sdk_entity_id_format(struct arena *arena, struct dt_entity_id id, struct bytes *ret_text);
/* The parts of "@name@key", as C strings. MALFORMED: no such id, or it holds U+0000; NO_MEMORY. */
STATUS_RESULT sdk_entity_id_parse(struct arena *arena, struct bytes text, struct dt_entity_id *ret_id);
/* `name` in lower case, copied: only ASCII letters have two cases here. `data` is NULL if there is no memory. */
struct bytes sdk_entity_name_fold(struct arena *arena, struct bytes name);

#endif
