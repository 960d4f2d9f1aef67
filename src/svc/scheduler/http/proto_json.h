/* SPDX-License-Identifier: MIT */
/* proto_json.h — a decoded protobuf message as JSON (protobuf.dev/programming-guides/json), by the generated tables.
 *
 * Scalars that stand in no oneof are written also when they are 0 or "": a status RUNNING is number 0, and a reader
 * must not have to know that. Enums are names, times RFC 3339, int64 a string, wrappers their value or absent,
 * google.protobuf.Value and its kin the JSON that they stand for. Fields that the tables do not know are left out.
 * Pure. */
#ifndef SVC_SCHEDULER_HTTP_PROTO_JSON_H
#define SVC_SCHEDULER_HTTP_PROTO_JSON_H

#include "wire/json/json.h"
#include "wire/pb/pb.h"

/* Writes the object of `message`, a struct of `table`. A message of pb_decode nests at most PB_DEPTH_MAX deep, which
 * the writer holds with what is around it. */
void proto_json_write(struct json_writer *json, const struct pb_message *table, const void *message);

/* The same with some of the fields: bit n is for table->fields[n], of which there are at most 64. */
void proto_json_write_some(struct json_writer *json, const struct pb_message *table, const void *message,
                           uint64_t fields);

/* The same into an object that is open. */
void proto_json_write_into(struct json_writer *json, const struct pb_message *table, const void *message,
                           uint64_t fields);

/* RFC 3339 with the digits that are needed (0, 3, 6 or 9), of any year from 1 to 9999; a time outside of these becomes
 * the nearest inside. */
void proto_json_write_time(struct json_writer *json, struct pb_opt_time time);

#endif
