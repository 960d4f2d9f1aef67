/* SPDX-License-Identifier: MIT */
/* first_owner.c — one write set: a person, an assignment for each role that can be granted, a key. */
#include "svc/directory/first_owner.h"

#include <stdio.h>

#include "core/access/access.h"

struct made {
    struct directory_waiter waiter;
    enum status status;
    struct err err;
};

static void on_done(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct made *made = CONTAINER_OF(waiter, struct made, waiter);
    made->status = status;
    made->err = *err;
}

enum status first_owner_make(struct directory *directory, int64_t now_ns, char ret_key[SECRET_TEXT_SIZE + 1],
                             struct err *err)
{
    ret_key[0] = '\0';
    if (directory_count(directory, DIRECTORY_PERSON) > 0)
        return STATUS_OK;

    char ids[2 + ROLE_LOCAL][GUID_TEXT_SIZE + 1];
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        directory_guid(ids[i]);
    char key_text[SECRET_TEXT_SIZE + 1], hash[SECRET_HASH_SIZE + 1], hint[9];
    secret_make(SECRET_API_KEY, key_text);
    secret_hash(bytes_of_cstr(key_text), hash);
    snprintf(hint, sizeof hint, "%.8s", key_text);

    const struct directory_person person = {
        .id = ids[0], .name = FIRST_OWNER_NAME, .display_name = "Owner", .created_ns = now_ns};
    const struct directory_key key = {
        .id = ids[1], .name = "first", .owner_id = ids[0], .hash = hash, .hint = hint, .created_ns = now_ns};
    struct directory_assignment assignments[ROLE_LOCAL];
    struct directory_write writes[2 + ROLE_LOCAL] = {{DIRECTORY_CREATE, DIRECTORY_PERSON, &person},
                                                     {DIRECTORY_CREATE, DIRECTORY_KEY, &key}};
    for (enum access_role role = 0; role < ROLE_LOCAL; role++) {
        assignments[role] = (struct directory_assignment){.id = ids[2 + role],
                                                          .principal_id = ids[0],
                                                          .principal_type = "User",
                                                          .role_id = access_role_id(role),
                                                          .scope = "/",
                                                          .created_ns = now_ns,
                                                          .updated_ns = now_ns};
        writes[2 + role] =
            (struct directory_write){DIRECTORY_CREATE, DIRECTORY_ASSIGNMENT, &assignments[role]};
    }
    struct made made = {.waiter.on_done = on_done};
    directory_write(directory, writes, ARRAY_SIZE(writes), &made.waiter);
    directory_settle(directory);
    if (made.status == STATUS_OK)
        memcpy(ret_key, key_text, sizeof key_text);
    else
        *err = made.err;
    explicit_bzero(key_text, sizeof key_text);
    return made.status;
}
