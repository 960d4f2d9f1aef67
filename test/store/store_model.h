/* SPDX-License-Identifier: MIT */
/* store_model.h — a task store in plain arrays, and the canonical text both stores are compared by.
 * The model also makes up the random write sets, since it knows what would be a valid next change. */
#ifndef TEST_STORE_MODEL_H
#define TEST_STORE_MODEL_H

#include "base/buf.h"
#include "base/prng.h"
#include "os/loop.h"
#include "store/task_store.h"

#define MODEL_HUBS 2

struct store_model;

struct store_model *store_model_create(uint64_t seed);
void store_model_destroy(struct store_model *m);
/* A set of about `ops` changes, already applied to the model. */
struct write_set *store_model_next_set(struct store_model *m, size_t ops);
/* Everything, in a fixed order. */
void store_model_dump(const struct store_model *m, struct buf *out);
/* The same text made from a real store through its public calls, with pages of `page_rows` rows. */
void store_dump(struct task_store *s, struct loop *l, size_t page_rows, struct buf *out);
/* Creates the hubs 1..MODEL_HUBS. */
void store_make_hubs(struct task_store *s);

/* --- operations that wait for their answer; their callers look at one thing at a time --- */

/* Until every submitted set is reported. */
void store_settle(struct task_store *s, struct loop *l);
STATUS_RESULT store_hub(struct task_store *s, struct bytes name, bool create, uint32_t *ret_hub,
                        struct err *err);
STATUS_RESULT store_recover(struct task_store *s, struct err *err);
/* `loader->on_done` is not called. */
STATUS_RESULT store_load(struct task_store *s, const struct task_store_loader *loader, int64_t *ret_key_next,
                         struct err *err);
/* NOT_FOUND: there is none. */
STATUS_RESULT store_read_instance(struct task_store *s, uint32_t hub, struct bytes id, struct arena *arena,
                                  struct instance_row *ret_row, struct payload *ret_payloads);
STATUS_RESULT store_read_history(struct task_store *s, int64_t key, struct buf *out);
/* What a query answered. */
struct query_result {
    bool done;
    enum status status;
    struct buf ids;  /* one id a line */
    struct buf next; /* the token */
    size_t count;
    size_t payload_size; /* bytes of inputs and outputs that came */
};
/* Runs a query to its answer. The caller frees the buffers. */
struct query_result store_query(struct task_store *s, struct loop *l, const struct task_store_query *q);

/* A folder below /tmp that is empty, and its removal with all files. */
void scratch_make(char ret_path[64]);
void scratch_remove(const char *path);

#endif
