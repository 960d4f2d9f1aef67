/* SPDX-License-Identifier: MIT */
/* memory_budget.c — one number, and who gives way when it is reached. */
#include "svc/pool/session/memory_budget.h"

#include "base/macros.h"

static bool fits(const struct memory_budget *budget, size_t size)
{
    return budget->size <= budget->size_max && size <= budget->size_max - budget->size;
}

static void make_room(struct memory_budget *budget, size_t size)
{
    if (fits(budget, size) || !budget->on_pressure)
        return;
    size_t held = budget->size > budget->size_max ? budget->size - budget->size_max : 0;
    size_t room = budget->size < budget->size_max ? budget->size_max - budget->size : 0;
    budget->on_pressure(budget->context, size - room + held);
}

bool memory_budget_take(struct memory_budget *budget, size_t size)
{
    make_room(budget, size);
    if (!fits(budget, size))
        return false;
    budget->size += size;
    budget->peak = MAX(budget->peak, budget->size);
    return true;
}

void memory_budget_take_anyway(struct memory_budget *budget, size_t size)
{
    make_room(budget, size);
    budget->size += size;
    budget->peak = MAX(budget->peak, budget->size);
}

void memory_budget_give(struct memory_budget *budget, size_t size)
{
    ASSERT(size <= budget->size);
    budget->size -= size;
}

void memory_budget_forget_peak(struct memory_budget *budget)
{
    budget->peak = budget->size;
}
