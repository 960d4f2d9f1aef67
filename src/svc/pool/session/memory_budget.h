/* SPDX-License-Identifier: MIT */
/* memory_budget.h — how much memory all sessions together may make the server hold.
 * Counts bytes that sessions and their callers cause: frames that are being received, captured output, code
 * that waits, results kept for polling. It counts what is held, without the allocator's slack. Who is refused
 * says so in its own words; nobody waits for the budget, so that it cannot be used to stall others. Results
 * that are only kept for polling give way first (`on_pressure`). Pure; one thread. */
#ifndef SVC_POOL_SESSION_MEMORY_BUDGET_H
#define SVC_POOL_SESSION_MEMORY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct memory_budget {
    size_t size_max; /* bytes */
    size_t size;     /* bytes that are held now */
    size_t peak;     /* most bytes that were held since memory_budget_forget_peak */
    /* Asked to give back at least `wanted` bytes, if it can, before a refusal. NULL allowed. */
    void (*on_pressure)(void *context, size_t wanted);
    void *context;
};

/* Charges `size` bytes. False, and nothing is charged, if they do not fit even under pressure. */
bool memory_budget_take(struct memory_budget *budget, size_t size);
/* Charges what is there already and cannot be refused; others give way for it as far as they can. */
void memory_budget_take_anyway(struct memory_budget *budget, size_t size);
void memory_budget_give(struct memory_budget *budget, size_t size);
void memory_budget_forget_peak(struct memory_budget *budget);

#endif
