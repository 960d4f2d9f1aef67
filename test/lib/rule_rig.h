/* SPDX-License-Identifier: MIT */
/* rule_rig.h — people, and what they do to requests in a book under a policy, one call each: for tests of store/review. Include it behind
 * cmocka.h. */
#ifndef TEST_LIB_RULE_RIG_H
#define TEST_LIB_RULE_RIG_H

#include <string.h>

#include "base/duration.h"
#include "lib/book_rig.h"
#include "store/review/policy_book.h"
#include "store/review/review_rule.h"

/* --- people --- */

static const struct bytes security[] = {BYTES_LITERAL("security")};
static const char *const reviewer[] = {"reviewer"};

#define PERSON(who, ...)                                                                                     \
    {                                                                                                        \
        .id = "p-" who, .name = (who), .kind = "user", __VA_ARGS__                                           \
    }
#define IN_SECURITY .groups = security, .group_count = 1, .roles = reviewer, .role_count = 1
static const struct review_person sam = PERSON("sam", .key = "nightly"), mina = PERSON("mina", IN_SECURITY),
                                  noor = PERSON("noor", IN_SECURITY),
                                  rita = PERSON("rita", .roles = reviewer, .role_count = 1);

/* --- acts --- */

struct rule_act {
    struct book_task task;
    const char *id;
    const char *text;
    const struct review_person *by;
    enum review_vote_answer answer;
    enum review_gate gate;
    bool failed; /* the run raised */
    bool unshowable;
    bool approved; /* from outside */
    const char *effects;
    const char *template;
    const char *syntax;
    const char *label; /* the value of "env" */
    const struct review_remember *remember;
    const struct review_viewer *viewer;
    const char *session;
    const char *then; /* JSON */
    const struct review_draft *input;
    int64_t revision; /* of a reading; 0: the first */
    int64_t after_s;  /* since START_NS */
};

static inline const struct rule_act *act_of(struct book_task *task)
{
    return CONTAINER_OF(task, struct rule_act, task);
}

static inline int64_t now_of(struct book_task *task)
{
    return START_NS + act_of(task)->after_s * NS_PER_S;
}

static inline enum status apply(struct book_task *task, struct review_book *book, struct err *err)
{
    struct policy_applied applied;
    const struct policy_draft draft = {
        .by = mina, .via = "api", .text = bytes_of_cstr(act_of(task)->text), .replaces = POLICY_ANY_VERSION};
    enum status status = policy_book_apply(book, &draft, now_of(task), &applied, err);
    if (status == STATUS_OK && applied.outcome == POLICY_APPLY_REFUSED)
        fail_msg("%d:%d: %s", applied.fault.line, applied.fault.column, applied.fault.text);
    json_decref(applied.version);
    return status;
}

static inline enum status submit(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct rule_act *act = act_of(task);
    const struct review_file input = {.path = "in.csv", .draft = act->input};
    json_t *then = act->then ? json_loads(act->then, 0, NULL) : NULL;
    json_t *labels = act->label ? json_pack("{s:s}", "env", act->label) : NULL;
    const struct review_submission submission = {.id = act->id,
                                                 .by = act->by ? *act->by : sam,
                                                 .labels = labels,
                                                 .language = "python",
                                                 .code = bytes_of_cstr(act->text),
                                                 .approval_timeout_ms = 60000,
                                                 .session = act->session,
                                                 .then = then,
                                                 .files = &input,
                                                 .file_count = act->input ? 1 : 0,
                                                 .gate = act->gate};
    enum status status = review_book_submit(book, &submission, now_of(task), &task->answer, err);
    json_decref(then);
    json_decref(labels);
    return status;
}

static inline enum status begin_run(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_step(book, act_of(task)->id, true, now_of(task), &task->step, err);
}

static inline enum status end_run(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct rule_act *act = act_of(task);
    json_t *effects = act->effects ? json_loads(act->effects, 0, NULL) : NULL;
    json_t *outcome =
        json_pack("{s:b, s:{s:s}, s:s, s:s*, s:O*}", "succeeded", !act->failed, "result", "status", "Success",
                  "sha256", "00000000000000000000000000000000000000000000000000000000000000aa", "template",
                  act->template, "effects", effects);
    json_t *error = json_pack("{s:s, s:s}", "type", "CodeFailed", "message", "it raised");
    const struct review_run_end end = {.run = task->number,
                                       .showable = !act->unshowable,
                                       .outcome = outcome,
                                       .result = BYTES_LITERAL("{\"stdout\":\"1\\n\"}"),
                                       .error = act->failed ? error : NULL};
    enum status status = review_book_run_ended(book, act->id, &end, now_of(task), &task->step, err);
    json_decref(error);
    json_decref(effects);
    json_decref(outcome);
    return status;
}

static inline enum status vote(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct rule_act *act = act_of(task);
    const struct review_vote vote = {.by = *act->by,
                                     .answer = act->answer,
                                     .comment = act->text,
                                     .remember = act->remember,
                                     .viewer = act->viewer,
                                     .via = "api"};
    return review_book_vote(book, act->id, &vote, now_of(task), &task->answer, err);
}

static inline enum status outside(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_outside(book, act_of(task)->id, act_of(task)->approved, now_of(task), err);
}

static inline enum status revise(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct rule_act *act = act_of(task);
    const struct review_revision revision = {.by = sam, .code = bytes_of_cstr(act->text)};
    return review_book_revise(book, act->id, &revision, now_of(task), &task->answer, err);
}

static inline enum status time_over(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_time(book, act_of(task)->id, task->now_ns, &task->step, err);
}

static inline enum status code_read(struct book_task *task, struct review_book *book, struct err *err)
{
    const struct rule_act *act = act_of(task);
    json_t *syntax = json_loads(act->syntax, 0, NULL);
    enum status status = review_book_code_read(book, act->id, act->revision ? act->revision : 1, syntax,
                                               now_of(task), &task->step, err);
    json_decref(syntax);
    return status;
}

static inline enum status read_it(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_read(book, act_of(task)->id, REVIEW_RAW, &task->json, err);
}

static inline enum status read_whole(struct book_task *task, struct review_book *book, struct err *err)
{
    return review_book_read(book, act_of(task)->id, REVIEW_FULL, &task->json, err);
}

/* --- steps --- */

static inline enum review_outcome do_it(struct book_fixture *rig, struct rule_act *act)
{
    rig_run(rig, &act->task);
    assert_int_equal(act->task.status, STATUS_OK);
    enum review_outcome outcome = act->task.answer.outcome;
    json_decref(act->task.answer.request);
    review_step_fini(&act->task.step);
    return outcome;
}

#define DO(function, ...) do_it(rig, &(struct rule_act){.task = {.act = (function)}, __VA_ARGS__})

static inline json_t *read_back(struct book_fixture *rig, const char *id)
{
    struct rule_act act = {.task = {.act = read_it}, .id = id};
    rig_run(rig, &act.task);
    assert_int_equal(act.task.status, STATUS_OK);
    return act.task.json;
}

static inline const char *text_at(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static inline void assert_state(struct book_fixture *rig, const char *id, const char *state)
{
    json_t *request = read_back(rig, id);
    assert_string_equal(text_at(request, "_state"), state);
    json_decref(request);
}

/* The decision, as "approved by rita via api" or "rejected via policy (rule)". */
static inline void assert_decision(struct book_fixture *rig, const char *id, const char *expected)
{
    char text[200] = "";
    json_t *request = read_back(rig, id);
    const json_t *decision = json_object_get(request, "decision");
    const char *by = text_at(decision, "by"), *rule = text_at(decision, "rule");
    if (decision)
        (void)snprintf(text, sizeof text, "%s%s%s via %s%s%s%s", text_at(decision, "outcome"),
                       *by ? " by " : "", by, text_at(decision, "via"), *rule ? " (" : "", rule,
                       *rule ? ")" : "");
    assert_string_equal(text, expected);
    json_decref(request);
}

static inline void run_it(struct book_fixture *rig, const char *id, const char *effects)
{
    (void)DO(begin_run, .id = id);
    struct rule_act act = {.task = {.act = end_run, .number = 1}, .id = id, .effects = effects};
    (void)do_it(rig, &act);
}

static inline void fail_it(struct book_fixture *rig, const char *id)
{
    (void)DO(begin_run, .id = id);
    struct rule_act act = {.task = {.act = end_run, .number = 1}, .id = id, .failed = true};
    (void)do_it(rig, &act);
}

#define QUIET                                                                                                \
    "{\"network\":{\"attempts\":0,\"calls\":[]},\"files\":{\"count\":0,\"changes\":[]},\"refused\":{"        \
    "\"count\":0,\"calls\":[]}}"
#define LOUD                                                                                                 \
    "{\"network\":{\"attempts\":2,\"calls\":[]},\"files\":{\"count\":0,\"changes\":[]},\"refused\":{"        \
    "\"count\":0,\"calls\":[]}}"

#endif
