/* SPDX-License-Identifier: MIT */
/* retention_body.h — a hub's policy for what is over, as the vendor's resource manager writes it (spec 3.26), to rules and back.
 *
 *   {"retentionPolicies": [{"retentionPeriodInDays": 30}, {"retentionPeriodInDays": 90, "orchestrationState": "Failed"}]}
 *
 * An entry for a state beats the one for all; 0 days is as soon as possible; without an entry nothing is deleted. Pure. */
#ifndef SVC_SCHEDULER_HTTP_RETENTION_BODY_H
#define SVC_SCHEDULER_HTTP_RETENTION_BODY_H

#include "base/buf.h"
#include "base/status.h"
#include "core/task/instance_status.h"
#include "wire/json/json.h"

#define RETENTION_DAYS_MAX 36500

/* Appends rules of core/task/retention.h. The body may also have all of it in "properties". INVALID_ARGUMENT with what must
 * be there instead. */
STATUS_RESULT retention_body_read(const json_t *body, struct buf *rules, struct err *err);

/* How long what ended so is kept; `kept`: for ever. */
struct retention_period {
    enum instance_status status;
    bool kept;
    int64_t age_ns;
};
/* Writes the array: one entry if all are the same, else one for each that is not kept. */
void retention_body_write(struct json_writer *json, const struct retention_period *periods, size_t count);

#endif
