/* SPDX-License-Identifier: MIT */
/* absences.h — who is away now, in memory: asked for each time that somebody looks or votes. What counts is in the book
 * (store/review/absence_book.h), from where it is read at the start and after each change. Loop's thread. */
#ifndef SVC_APP_ABSENCES_H
#define SVC_APP_ABSENCES_H

#include <jansson.h>

#include "core/review/sight.h"
#include "store/review/absence_book.h"

struct absences;

/* Nobody is away. NULL without memory. */
struct absences *absences_create(void);
/* NULL allowed. */
void absences_destroy(struct absences *absences);
/* From now on these, as absence_book_list gives them; borrowed. False without memory: then those of before. */
bool absences_set(struct absences *absences, const json_t *list);
/* Those for whom a person of that id or name stands in at that time; valid until absences_set. `absences` NULL: nobody. */
size_t absences_for(const struct absences *absences, const char *id, const char *name, int64_t now_ns,
                    const struct review_viewer *ret_absent[static ABSENCES_MAX]);

#endif
