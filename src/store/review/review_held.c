/* SPDX-License-Identifier: MIT */
/* review_held.c — who has read what stands between the doors: one row, and one entry of the log, for each person and run. */
#include "store/review/review_store_internal.h"

/* True if it is their first time. */
static enum status note(struct review_book *book, const struct review_record *record, int64_t run,
                        const struct review_person *by, bool *ret_first, struct err *err)
{
    size_t put = book->store->first + OUTPUT_READ_PUT;
    sqlite_bind_i64(book->db, put, 1, record->row);
    sqlite_bind_i64(book->db, put, 2, run);
    sqlite_bind_bytes(book->db, put, 3, bytes_of_cstr(by->id));
    enum status status = sqlite_next(book->db, put, ret_first, err);
    sqlite_done(book->db, put);
    return status;
}

enum status review_book_output_read(struct review_book *book, const char *id, int64_t run,
                                    const struct review_person *by, int64_t now_ns, struct err *err)
{
    struct review_record record;
    bool first = false;
    enum status status = review_record_load(book, id, &record, err);
    if (status != STATUS_OK)
        return status;
    if (review_is_held_run(record.doc, run)) /* else it was released meanwhile */
        status = note(book, &record, run, by, &first, err);
    if (first)
        status = review_record_audit(book, &record, AUDIT_OUTPUT_DOWNLOADED, by,
                                     json_pack("{s:I, s:s}", "run", (json_int_t)run, "stream", "output"),
                                     now_ns, err);
    review_record_fini(&record);
    return status;
}
