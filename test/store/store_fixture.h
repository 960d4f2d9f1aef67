/* SPDX-License-Identifier: MIT */
/* store_fixture.h — one store of a kind in a folder of its own, and small sets by hand. Used by the tests of stores. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include "store_model.h"

/* A kind of store. A second one gets its row in store_kinds, and the suite of all stores runs on it. */
struct store_kind {
    const char *name;
    /* Opens what is kept under `folder`, at most three hubs in it. */
    enum status (*open)(const char *folder, struct loop *loop, struct task_store **ret_store,
                        struct err *err);
    /* From now on each write fails as if the disk were full; and no more. NULL: this kind cannot be made to. */
    void (*fail_writes)(bool fail);
};
extern const struct store_kind store_kinds[];
extern const size_t store_kind_count;

struct fixture {
    const struct store_kind *kind;
    char folder[64];
    struct loop *loop;
    struct task_store *store;
    /* what on_done reported */
    uint64_t reported, last_sequence;
    enum status last_status;
    char last_text[256];
};

/* For cmocka. The kind is the one that fixture_kind names. */
extern const struct store_kind *fixture_kind;
int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_open(struct fixture *fixture);
void fixture_reopen(struct fixture *fixture);
/* Numbers the set and submits it. */
void fixture_submit(struct fixture *fixture, struct write_set *set);
/* A set of one new instance. */
void fixture_add_one(struct fixture *fixture, int64_t key, const char *id);
bool fixture_has(struct fixture *fixture, const char *id);

void set_add_instance(struct write_set *set, int64_t key, uint32_t hub, const char *id, int status,
                      int64_t created_ns, int64_t completed_ns);
void set_add_payload(struct write_set *set, int64_t key, enum payload_kind kind, struct bytes value);

#endif
