/* SPDX-License-Identifier: MIT */
/* hook_rig.h — webhooks in a book of requests, and what is delivered to them, one call each: for tests of store/review. Include it behind
 * cmocka.h. */
#ifndef TEST_LIB_HOOK_RIG_H
#define TEST_LIB_HOOK_RIG_H

#include "lib/rule_rig.h"
#include "store/review/webhook_book.h"

#define SECRET       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define OTHER_SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CAPACITY     32

/* --- acts --- */

struct hook_act {
    struct book_task task;
    struct webhook_draft draft;
    const char *name;
    int64_t number, after_s, next_ns;
    enum webhook_outcome outcome;
    struct webhook_busy busy[CAPACITY];
    size_t busy_count;
    struct webhook_due due[CAPACITY];
    size_t count;
    struct webhook_try tried;
};

static inline struct hook_act *hook_act_of(struct book_task *task)
{
    return CONTAINER_OF(task, struct hook_act, task);
}

static inline int64_t at_s(int64_t after_s)
{
    return START_NS + after_s * NS_PER_S;
}

static inline enum status add(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_add(book, &act->draft, &mina, START_NS, &act->outcome, &task->json, err);
}

static inline enum status change(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_change(book, act->name, &act->draft, &mina, START_NS, &act->outcome, &task->json,
                               err);
}

static inline enum status delete (struct book_task *task, struct review_book *book, struct err *err) {
    struct hook_act *act = hook_act_of(task);
    return webhook_book_delete(book, act->name, act->draft.replaces, &mina, START_NS, &act->outcome,
                               &task->json, err);
}

static inline enum status read_hook(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_read(book, hook_act_of(task)->name, &task->json, err);
}

static inline enum status list_hooks(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_list(book, &task->json, err);
}

static inline enum status page(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    const struct review_page page = {.after = act->number, .limit = 3};
    return webhook_book_deliveries(book, act->name, &page, &task->json, &act->next_ns, err);
}

static inline enum status read_delivery(struct book_task *task, struct review_book *book, struct err *err)
{
    return webhook_book_delivery(book, hook_act_of(task)->name, hook_act_of(task)->number, &task->json, err);
}

static inline enum status replay(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_replay(book, act->name, act->number, &mina, at_s(act->after_s), &task->json, err);
}

static inline enum status ping(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_ping(book, act->name, &mina, at_s(act->after_s), &task->json, err);
}

static inline enum status look(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_due(book, act->busy, act->busy_count, at_s(act->after_s), act->due, CAPACITY,
                            &act->count, &act->next_ns, err);
}

static inline enum status note(struct book_task *task, struct review_book *book, struct err *err)
{
    struct hook_act *act = hook_act_of(task);
    return webhook_book_tried(book, &act->tried, at_s(act->after_s), err);
}

static inline json_t *do_hook(struct book_fixture *rig, struct hook_act *act,
                              enum status (*perform)(struct book_task *, struct review_book *, struct err *))
{
    act->task = (struct book_task){.act = perform};
    rig_run(rig, &act->task);
    return act->task.json;
}

/* --- shorter --- */

static inline void make(struct book_fixture *rig, const char *name, const char *events)
{
    struct hook_act act = {.draft = {.id = name,
                                     .name = name,
                                     .url = "https://hooks.example.org/x",
                                     .format = "cloudevents",
                                     .events = events,
                                     .secret = SECRET}};
    json_decref(do_hook(rig, &act, add));
    assert_int_equal(act.task.status, STATUS_OK);
    assert_int_equal(act.outcome, WEBHOOK_DONE);
}

static inline void hand_in(struct book_fixture *rig, const char *id)
{
    struct rule_act act = {.task = {.act = submit}, .id = id, .text = "1", .gate = REVIEW_GATE_BEFORE};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    json_decref(act.task.answer.request);
}

/* What is due after so many seconds; the first `known` of `act` are under way. */
static inline void look_at(struct book_fixture *rig, struct hook_act *act, int64_t after_s)
{
    act->after_s = after_s;
    (void)do_hook(rig, act, look);
    assert_int_equal(act->task.status, STATUS_OK);
}

static inline void drop(struct hook_act *act)
{
    for (size_t i = 0; i < act->count; i++)
        webhook_due_fini(&act->due[i]);
    act->count = 0;
}

/* The type of a due delivery without "sallyport.request.". */
static inline bool is_of(const struct webhook_due *due, const char *type, const char *subject)
{
    json_t *event = json_loadb((const char *)due->event.data, due->event.size, 0, NULL);
    const char *found = json_string_value(json_object_get(event, "type"));
    const char *about = json_string_value(json_object_get(event, "subject"));
    bool same = found && about && strcmp(found + strlen("sallyport.request."), type) == 0 &&
                strcmp(about, subject) == 0;
    json_decref(event);
    return same;
}

static inline void answer(struct book_fixture *rig, const struct webhook_due *due, int http_status,
                          int64_t after_s)
{
    struct hook_act act = {.after_s = after_s,
                           .tried = {.webhook = due->webhook,
                                     .number = due->number,
                                     .began_ns = at_s(after_s),
                                     .took_ns = 5 * NS_PER_MS,
                                     .http_status = http_status,
                                     .answer = BYTES_LITERAL("a\x1b[31m\xff"),
                                     .error = http_status ? NULL : "nobody answers"}};
    (void)do_hook(rig, &act, note);
    assert_int_equal(act.task.status, STATUS_OK);
}

static inline json_t *shown(struct book_fixture *rig, const char *name)
{
    struct hook_act act = {.name = name};
    json_t *json = do_hook(rig, &act, read_hook);
    assert_int_equal(act.task.status, STATUS_OK);
    return json;
}

static inline int64_t number_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static inline const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

#endif
