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

/* Runs the loop until every submitted set is reported. */
void store_settle(struct task_store *s, struct loop *l);
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
