/* SPDX-License-Identifier: MIT */
/* assignments.c — a walk over all of them: places go seldom, and an index by scope would have to know of slashes and cases. */
#include "store/directory/assignments.h"
#include "base/no_memory.h"

#include <stdlib.h>

bool assignment_is_below(const char *scope, struct bytes place)
{
    struct bytes bytes = bytes_of_cstr(scope);
    while (bytes.size > 0 && bytes.data[bytes.size - 1] == '/')
        bytes.size--;
    return bytes.size >= place.size && bytes_equal_nocase(bytes_slice(bytes, 0, place.size), place) &&
           (bytes.size == place.size || bytes.data[place.size] == '/');
}

size_t assignments_below(const struct directory *directory, const struct bytes *places, size_t place_count,
                         struct directory_write ret_writes[DIRECTORY_WRITES_MAX])
{
    size_t count = 0;
    const struct directory_assignment *assignment = NULL;
    while (count < DIRECTORY_WRITES_MAX &&
           (assignment = directory_next(directory, DIRECTORY_ASSIGNMENT, assignment))) {
        bool goes = false;
        for (size_t i = 0; i < place_count; i++)
            goes = goes || (places[i].size > 0 && assignment_is_below(assignment->scope, places[i]));
        if (goes)
            ret_writes[count++] =
                (struct directory_write){DIRECTORY_DELETE, DIRECTORY_ASSIGNMENT, assignment};
    }
    return count;
}

/* --- whose count --- */

void subjects_add(struct subjects *subjects, struct bytes id)
{
    if (subjects->count < SUBJECTS_MAX)
        subjects->at[subjects->count++] = id;
}

void subjects_find(const struct directory *directory, struct bytes id, struct subjects *ret_subjects)
{
    const struct directory_member *member = NULL;
    *ret_subjects = (struct subjects){.count = 0};
    subjects_add(ret_subjects, id);
    while ((member = directory_next(directory, DIRECTORY_MEMBER, member)))
        if (bytes_equal_nocase(bytes_of_cstr(member->member_id), id))
            subjects_add(ret_subjects, bytes_of_cstr(member->group_id));
}

bool subjects_have(const struct subjects *subjects, const char *id)
{
    for (size_t i = 0; i < subjects->count; i++)
        if (bytes_equal_nocase(subjects->at[i], bytes_of_cstr(id)))
            return true;
    return false;
}

bool subject_counts(const struct directory *directory, struct bytes id)
{
    const struct directory_person *person = directory_find(directory, DIRECTORY_PERSON, "id", id);
    const struct directory_application *application =
        directory_find(directory, DIRECTORY_APPLICATION, "id", id);
    if (person)
        return !person->disabled;
    if (application)
        return !application->disabled;
    return directory_find(directory, DIRECTORY_GROUP, "id", id) != NULL;
}

/* --- all at a place --- */

struct assignments_leaving {
    struct directory_waiter waiter;
    struct directory *directory;
    struct buf texts[ASSIGNMENT_PLACES];
    size_t place_count;
    void (*on_done)(void *context, enum status status, const char *text);
    void *context;
};

/* Whoever waits may end the directory, or forget more, from within: so it is told last. */
static void finish(struct assignments_leaving *leaving, enum status status, const char *text)
{
    struct assignments_leaving told = *leaving;
    for (size_t i = 0; i < ARRAY_SIZE(leaving->texts); i++)
        buf_fini(&leaving->texts[i]);
    free(leaving);
    told.on_done(told.context, status, text);
}

static void forget_some(struct assignments_leaving *leaving)
{
    struct bytes places[ASSIGNMENT_PLACES];
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    for (size_t i = 0; i < leaving->place_count; i++)
        places[i] = buf_peek(&leaving->texts[i]);
    size_t count = assignments_below(leaving->directory, places, leaving->place_count, writes);
    if (count > 0)
        directory_write(leaving->directory, writes, count, &leaving->waiter);
    else
        finish(leaving, STATUS_OK, NULL);
}

/* Somebody else may have deleted one meanwhile, and then nothing of the set was done: once more, without it. */
static void on_written(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct assignments_leaving *leaving = CONTAINER_OF(waiter, struct assignments_leaving, waiter);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        forget_some(leaving);
    else
        finish(leaving, status, err->text);
}

void assignments_forget(struct directory *directory, const struct bytes *places, size_t place_count,
                        void (*on_done)(void *context, enum status status, const char *text), void *context)
{
    ASSERT(place_count <= ASSIGNMENT_PLACES);
    struct assignments_leaving *leaving = calloc(1, sizeof *leaving);
    if (!leaving) {
        on_done(context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
        return;
    }
    *leaving = (struct assignments_leaving){.waiter = {.on_done = on_written},
                                            .directory = directory,
                                            .place_count = place_count,
                                            .on_done = on_done,
                                            .context = context};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < place_count && status == STATUS_OK; i++) {
        buf_append_bytes(&leaving->texts[i], places[i]);
        status = buf_status(&leaving->texts[i]);
    }
    if (status == STATUS_OK)
        forget_some(leaving);
    else
        finish(leaving, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}
