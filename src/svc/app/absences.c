/* SPDX-License-Identifier: MIT */
/* absences.c — the list as it was read, and its times and names taken out of it once. */
#include "svc/app/absences.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/time_parse.h"
#include "wire/json/json.h"

struct absence {
    const char *delegate;
    int64_t from_ns, until_ns;
    struct review_viewer who;
};

struct absences {
    json_t *list; /* to which texts belong */
    struct arena arena;
    struct absence *items;
    size_t count;
};

struct absences *absences_create(void)
{
    struct absences *absences = calloc(1, sizeof *absences);
    if (absences)
        arena_init(&absences->arena, 0);
    return absences;
}

static void empty(struct absences *absences)
{
    json_decref(absences->list);
    arena_fini(&absences->arena);
}

void absences_destroy(struct absences *absences)
{
    if (!absences)
        return;
    empty(absences);
    free(absences);
}

/* --- reading --- */

/* False without memory. */
static bool take_lists(const json_t *doc, struct arena *arena, struct review_viewer *who)
{
    const json_t *groups = json_object_get(doc, "groups"), *roles = json_object_get(doc, "roles");
    struct bytes *names = arena_alloc_array(arena, json_array_size(groups), sizeof *names);
    const char **words = arena_alloc_array(arena, json_array_size(roles), sizeof *words);
    if (!names || !words)
        return false;
    for (size_t i = 0; i < json_array_size(groups); i++)
        names[i] = json_bytes(json_array_get(groups, i));
    for (size_t i = 0; i < json_array_size(roles); i++)
        words[i] = text_or(json_string_value(json_array_get(roles, i)), "");
    who->groups = names;
    who->group_count = json_array_size(groups);
    who->roles = words;
    who->role_count = json_array_size(roles);
    return true;
}

/* One without a time is over. False without memory. */
static bool take(const json_t *doc, struct arena *arena, struct absence *ret_absence)
{
    const json_t *person = json_object_get(doc, "person");
    *ret_absence = (struct absence){
        .delegate = text_or(json_member_text(doc, "delegate"), ""),
        .who = {.id = json_member_text(person, "id"), .name = text_or(json_member_text(person, "name"), "")},
    };
    if (time_parse(json_member_bytes(doc, "from"), &ret_absence->from_ns) != STATUS_OK ||
        time_parse(json_member_bytes(doc, "until"), &ret_absence->until_ns) != STATUS_OK)
        ret_absence->until_ns = INT64_MIN;
    return take_lists(doc, arena, &ret_absence->who);
}

bool absences_set(struct absences *absences, const json_t *list)
{
    struct absences fresh = {.list = json_incref((json_t *)list), .count = json_array_size(list)};
    arena_init(&fresh.arena, 0);
    fresh.items = arena_alloc_array(&fresh.arena, fresh.count, sizeof *fresh.items);
    bool whole = fresh.items != NULL;
    for (size_t i = 0; whole && i < fresh.count; i++)
        whole = take(json_array_get(list, i), &fresh.arena, &fresh.items[i]);
    if (!whole) {
        empty(&fresh);
        return false;
    }
    empty(absences);
    *absences = fresh;
    return true;
}

/* --- looking --- */

size_t absences_for(const struct absences *absences, const char *id, const char *name, int64_t now_ns,
                    const struct review_viewer *ret_absent[static ABSENCES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; absences && i < absences->count && count < ABSENCES_MAX; i++) {
        const struct absence *absence = &absences->items[i];
        bool is_delegate = strcmp(absence->delegate, id) == 0 ||
                           bytes_equal_nocase(bytes_of_cstr(absence->delegate), bytes_of_cstr(name));
        if (is_delegate && now_ns >= absence->from_ns && now_ns < absence->until_ns)
            ret_absent[count++] = &absence->who;
    }
    return count;
}
