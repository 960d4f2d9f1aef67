/* SPDX-License-Identifier: MIT */
/* tickets.c — a walk over the places of the gate, and walks over the tickets of one person. */
#include "svc/directory/tickets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/sip_hash.h"

/* --- codes that anybody may ask for --- */

enum device_gate_verdict device_gate_take(struct device_gate *gate, struct bytes peer, int64_t now_ns,
                                          int64_t ends_ns)
{
    uint64_t who = sip_hash(gate->key, peer);
    size_t own = 0, free_at = DEVICE_CODES_MAX;
    for (size_t i = 0; i < DEVICE_CODES_MAX; i++) {
        if (gate->at[i].ends_ns <= now_ns)
            free_at = i;
        else if (gate->at[i].peer == who)
            own++;
    }
    if (own >= DEVICE_CODES_PEER_MAX)
        return DEVICE_GATE_PEER_FULL;
    if (free_at == DEVICE_CODES_MAX)
        return DEVICE_GATE_FULL;
    gate->at[free_at].peer = who;
    gate->at[free_at].ends_ns = ends_ns;
    return DEVICE_GATE_OPEN;
}

bool device_gate_hurries(struct device_gate *gate, struct bytes code, int64_t now_ns, int64_t interval_ns)
{
    uint64_t hash = sip_hash(gate->key, code);
    size_t at = hash % DEVICE_CODES_MAX;
    bool hurries = gate->polls[at].code == hash && now_ns - gate->polls[at].asked_ns < interval_ns;
    gate->polls[at].code = hash;
    gate->polls[at].asked_ns = now_ns;
    return hurries;
}

/* --- those of one person --- */

static bool counts(const struct directory_ticket *ticket, const char *person_id)
{
    return (ticket->type == DIRECTORY_REFRESH || ticket->type == DIRECTORY_CODE) &&
           strcmp(ticket->principal_id, person_id) == 0;
}

static size_t count_of(const struct directory *directory, const char *person_id)
{
    const struct directory_ticket *ticket = NULL;
    size_t count = 0;
    while ((ticket = directory_next(directory, DIRECTORY_TICKET, ticket)))
        count += counts(ticket, person_id);
    return count;
}

static bool is_written(const struct directory_write *writes, size_t count, const void *object)
{
    for (size_t i = 0; i < count; i++)
        if (writes[i].object == object)
            return true;
    return false;
}

/* The oldest that was used, else the oldest; NULL: there is none but `spent` and what is written already. */
static const struct directory_ticket *first_to_go(const struct directory *directory, const char *person_id,
                                                  const struct directory_ticket *spent,
                                                  const struct directory_write *writes, size_t count)
{
    const struct directory_ticket *ticket = NULL, *oldest = NULL;
    while ((ticket = directory_next(directory, DIRECTORY_TICKET, ticket))) {
        if (ticket == spent || !counts(ticket, person_id) || is_written(writes, count, ticket))
            continue;
        if (ticket->used)
            return ticket;
        if (!oldest)
            oldest = ticket;
    }
    return oldest;
}

void tickets_make_room(struct directory *directory, const char *person_id,
                       const struct directory_ticket *spent)
{
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    size_t there = count_of(directory, person_id), count = 0;
    while (there - count >= TICKETS_EACH_MAX && count < ARRAY_SIZE(writes)) {
        const struct directory_ticket *leaving = first_to_go(directory, person_id, spent, writes, count);
        if (!leaving)
            break;
        writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_TICKET, leaving};
    }
    if (count > 0)
        directory_write(directory, writes, count, NULL);
}

/* --- those of one sign-in --- */

struct family_end {
    struct directory_waiter waiter;
    struct directory *directory;
    struct list link;
    char family[GUID_TEXT_SIZE + 1];
};

void ticket_ends_init(struct ticket_ends *ends, struct directory *directory)
{
    ends->directory = directory;
    list_init(&ends->ending);
}

bool tickets_are_ending(const struct ticket_ends *ends, const char *family)
{
    list_each (link, &ends->ending) {
        if (strcmp(CONTAINER_OF(link, struct family_end, link)->family, family) == 0)
            return true;
    }
    return false;
}

/* The next set of them; false: none is left. `ending` NULL: nobody waits for it. */
static bool end_some(struct directory *directory, const char *family, struct family_end *ending)
{
    struct directory_write writes[DIRECTORY_WRITES_MAX];
    const struct directory_ticket *ticket = NULL;
    size_t count = 0;
    while (count < ARRAY_SIZE(writes) && (ticket = directory_next(directory, DIRECTORY_TICKET, ticket)))
        if (strcmp(ticket->family, family) == 0)
            writes[count++] = (struct directory_write){DIRECTORY_DELETE, DIRECTORY_TICKET, ticket};
    if (count > 0)
        directory_write(directory, writes, count, ending ? &ending->waiter : NULL);
    return count > 0;
}

static void family_end_free(struct family_end *ending)
{
    if (ending)
        list_remove(&ending->link);
    free(ending);
}

/* Again until none is left: an exchange that was on its way has made one more meanwhile. NOT_FOUND: one of a set went otherwise, and
 * nothing of it was done. */
static void on_some_ended(struct directory_waiter *waiter, enum status status, const struct err *err)
{
    struct family_end *ending = CONTAINER_OF(waiter, struct family_end, waiter);
    bool goes_on = status == STATUS_OK || status == STATUS_NOT_FOUND;
    if (!goes_on || !end_some(ending->directory, ending->family, ending))
        family_end_free(ending);
}

/* Without memory once, and nobody looks again. */
void tickets_end_family(struct ticket_ends *ends, const char *family)
{
    if (!family[0] || tickets_are_ending(ends, family))
        return;
    struct family_end *ending = calloc(1, sizeof *ending);
    if (ending) {
        *ending = (struct family_end){.waiter.on_done = on_some_ended, .directory = ends->directory};
        (void)snprintf(ending->family, sizeof ending->family, "%s", family);
        list_push_back(&ends->ending, &ending->link);
    }
    if (!end_some(ends->directory, family, ending))
        family_end_free(ending);
}
