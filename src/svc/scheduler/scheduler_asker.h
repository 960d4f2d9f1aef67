/* SPDX-License-Identifier: MIT */
/* scheduler_asker.h — who asks the scheduler, or follows its hubs, from inside the process: what they are called back with.
 * What they may ask stands in scheduler_ask.h; the service keeps them with its calls. Loop's thread. */
#ifndef SVC_SCHEDULER_ASKER_H
#define SVC_SCHEDULER_ASKER_H

#include "core/task/engine.h"

struct scheduler;

struct scheduler_asker {
    /* One message of a method that streams its answer (an encoded HistoryChunk); valid during the call. */
    void (*on_message)(void *context, struct bytes message);
    /* The end, once, perhaps from within scheduler_ask. Of a streamed answer `message` is empty. `text` is NULL for
     * OK and when nothing is known. */
    void (*on_done)(void *context, enum status status, const char *text, struct bytes message);
    void *context;
    struct bytes hub_name; /* for hub 0: the one to make; read during scheduler_ask */
    bool operates;         /* who runs the server asks: hubs may be made and deleted, whatever clients may */
};

/* Who follows hubs. Owned by the watcher, which removes it before it is freed. */
struct scheduler_watcher {
    struct list link; /* scheduler.watchers */
    /* An instance of a watched hub is as the row says, on disk; or gone, and was so before. Valid during the call. */
    void (*on_change)(struct scheduler_watcher *watcher, const struct instance_row *row, bool gone);
    /* The same of an entity. */
    void (*on_entity)(struct scheduler_watcher *watcher, uint32_t hub,
                      const struct engine_entity_change *change);
    /* Changes may have been missed: what is known of any hub is to be read anew. */
    void (*on_reset)(struct scheduler_watcher *watcher);
    /* The hub is deleted; its number is nobody's any more. */
    void (*on_hub_gone)(struct scheduler_watcher *watcher, uint32_t hub);
};

#endif
