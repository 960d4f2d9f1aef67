/* SPDX-License-Identifier: MIT */
/* execute_report.h — Sallyport's own members of an execution's answer: why it ended and what it did (doc/api.md). Pure. */
#ifndef SVC_POOL_HTTP_EXECUTE_REPORT_H
#define SVC_POOL_HTTP_EXECUTE_REPORT_H

#include "svc/pool/execution.h"
#include "wire/json/json.h"

/* Writes the members "ended" and "effects" into the open object; none while it is not over. */
void execute_report_write(struct json_writer *json, const struct execution *execution);

#endif
