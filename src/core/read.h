/* SPDX-License-Identifier: MIT */
/* read.h — what clients see of an instance (spec 3.22). The methods are declared in methods.h. */
#ifndef CORE_READ_H
#define CORE_READ_H

#include "core/engine_state.h"

/* An encoded GetInstanceResponse; without `payloads` no input, output, custom status, failure details. */
struct bytes read_state(struct arena *a, const struct instance *i, bool payloads);
/* True if a Wait method has nothing left to wait for in that status. */
bool read_wait_over(enum engine_method method, int status);

#endif
