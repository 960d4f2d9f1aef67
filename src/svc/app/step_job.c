/* SPDX-License-Identifier: MIT */
/* step_job.c — a function for each thing that the book is asked or told; each ends with what is due next. */
#include "svc/app/step_job.h"

#include "os/clock.h"
#include "wire/json/json.h"

enum status step_job_run(const struct activity_settings *settings, struct step_job *own,
                         enum status (*perform)(struct review_job *job, struct review_book *book,
                                                struct err *err),
                         struct err *err)
{
    own->job.perform = perform;
    return review_store_run_wait(settings->review, &own->job, err);
}

enum status step_job_ask(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_step(book, own->id, own->begin_run, clock_unix_ns(), &own->step, err);
}

enum status step_job_tell_end(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_run_ended(book, own->id, own->end, clock_unix_ns(), &own->step, err);
}

enum status step_job_tell_time(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_time(book, own->id, clock_unix_ns(), &own->step, err);
}

enum status step_job_tell_given_up(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_ended_outside(book, own->id, REVIEW_FAILED, json_object_get(own->input, "error"),
                                     clock_unix_ns(), &own->step, err);
}

enum status step_job_tell_step_failed(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_ended_outside(book, own->id, REVIEW_FAILED, own->failure, clock_unix_ns(), &own->step,
                                     err);
}

int64_t step_job_revision(const struct review_step *step)
{
    return json_integer_value(json_object_get(step->request, "revision"));
}

enum status step_job_tell_read(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_code_read(book, own->id, own->revision, own->syntax, clock_unix_ns(), &own->step, err);
}

/* HumanApproval came: our own, which says what the book has decided, or another client's, which may decide. */
enum status step_job_tell_outside(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    bool approved = json_is_true(json_object_get(own->input, "approved"));
    enum status status = review_book_outside(book, own->id, approved, clock_unix_ns(), err);
    if (status != STATUS_OK)
        return status;
    return review_book_step(book, own->id, false, clock_unix_ns(), &own->step, err);
}

/* Again after a crash, or because the answer was lost: it is there already. */
enum status step_job_adopt(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    enum status status = review_book_step(book, own->id, false, clock_unix_ns(), &own->step, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    json_decref(own->answer.request);
    status = review_book_submit(book, own->submission, clock_unix_ns(), &own->answer, err);
    if (status != STATUS_OK)
        return status;
    return review_book_step(book, own->id, false, clock_unix_ns(), &own->step, err);
}

/* What the orchestration that awaits it is given. */
enum status step_job_read_result(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    CLEANUP(buf_fini) struct buf text = {0};
    const char *sha256 = json_member_text(json_object_get(own->step.request, "_result"), "sha256");
    json_decref(own->result);
    own->result = NULL;
    enum status status = sha256 ? review_book_blob(book, sha256, &text, err) : STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        own->result = json_loadb((const char *)text.data, text.size, JSON_ALLOW_NUL, NULL);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status step_job_tell_broken_off(struct review_job *job, struct review_book *book, struct err *err)
{
    struct step_job *own = CONTAINER_OF(job, struct step_job, job);
    return review_book_run_broken_off(book, own->id, own->step.run, own->broken, clock_unix_ns(), err);
}
