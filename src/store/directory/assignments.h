/* SPDX-License-Identifier: MIT */
/* assignments.h — role assignments: whose count for somebody, and which go with a place that goes. Loop's thread. */
#ifndef STORE_DIRECTORY_ASSIGNMENTS_H
#define STORE_DIRECTORY_ASSIGNMENTS_H

#include "store/directory/directory.h"

#define ASSIGNMENT_PLACES 2 /* names that one place may have */

/* True if `scope`, as an assignment has it, is `place` or lies below it. Letters count without case; slashes at the end of `scope`
 * count for nothing. An empty place has all below it. */
bool assignment_is_below(const char *scope, struct bytes place);

/* Into `ret_writes`: the deletions of assignments that are for one of `places` or for what lies below; an empty place is nobody's.
 * Returns how many; fewer than there are if they do not fit in one set, so it is asked again until it says 0. What the writes point
 * to is the directory's, until its next write set is done. */
size_t assignments_below(const struct directory *directory, const struct bytes *places, size_t place_count,
                         struct directory_write ret_writes[DIRECTORY_WRITES_MAX]);

/* Deletes all of those, set by set, as the server itself; at most ASSIGNMENT_PLACES `places`, which are copied. `on_done` is
 * called once, perhaps from within: OK: none is left, on disk; NO_MEMORY; those of directory_write, and then some may be left. Who
 * frees `context` before that calls directory_settle first. */
void assignments_forget(struct directory *directory, const struct bytes *places, size_t place_count,
                        void (*on_done)(void *context, enum status status, const char *text), void *context);

/* --- whose count --- */

#define SUBJECTS_MAX       64  /* somebody and their groups; more groups count for nothing */
#define SUBJECT_GRANTS_MAX 256 /* of somebody; more count for nothing */

/* Everybody whose assignments count for somebody. Ids are borrowed. */
struct subjects {
    struct bytes at[SUBJECTS_MAX];
    size_t count;
};

/* One more, unless there are SUBJECTS_MAX. */
void subjects_add(struct subjects *subjects, struct bytes id);
/* Somebody and the groups they are in, by one walk over all memberships; they need not be in the directory. `id`, and what the
 * directory has, must stay. */
void subjects_find(const struct directory *directory, struct bytes id, struct subjects *ret_subjects);
bool subjects_have(const struct subjects *subjects, const char *id);
/* True if what is granted to that id counts: it is a group, or a person or an application that may sign in. */
bool subject_counts(const struct directory *directory, struct bytes id);

#endif
