/* SPDX-License-Identifier: MIT */
/* policy_read.h — a policy file, read whole or refused whole. Pure; any thread. */
#ifndef CORE_POLICY_POLICY_READ_H
#define CORE_POLICY_POLICY_READ_H

#include "core/policy/policy.h"

/* Reads the text of a file. On success the caller owns `*ret_policy` (policy_destroy). MALFORMED or TOO_LARGE: `ret_fault` says where
 * the first fault is, what was expected there and which known word is near; NO_MEMORY. */
STATUS_RESULT policy_read(struct bytes text, struct policy **ret_policy, struct yaml_tree_fault *ret_fault);

#endif
