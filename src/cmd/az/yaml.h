/* SPDX-License-Identifier: MIT */
/* yaml.h — a JSON value as YAML 1.1 in block style, the way PyYAML's safe_dump writes it: which strings need quotes, and
 * where long ones are folded. Pure; owns nothing. */
#ifndef CMD_AZ_YAML_H
#define CMD_AZ_YAML_H

#include "wire/json/json.h"

/* Appends `value`, in the order of its keys. NO_MEMORY. */
STATUS_RESULT az_yaml_write(const json_t *value, struct buf *out, struct err *err);

#endif
