/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/wheel.c - a hierarchy of timer wheels.
 *
 * A tick is read as digits to the base of 64. A timer sits at the level of the
 * highest digit in which its due tick differs from the present one, in the
 * slot that this digit names. So all timers of a level are due before those of
 * the level above, in the order of their slots, and every slot lies ahead: the
 * first one due is in the lowest set bit of the lowest bitmap that has any.
 * When time reaches a slot above level 0, its timers move down.
 */
#include "rpc/wheel.h"

#include "rpc/check.h"

#define DIGIT_BITS 6u
#define NS_PER_TICK 1000000u
#define NO_SLOT (RPC_WHEEL_LEVELS * RPC_WHEEL_SLOTS)

static void
link_first(struct sluice_timer **head, struct sluice_timer *timer)
{
    timer->next = *head;
    timer->link = head;
    if (*head != NULL)
        (*head)->link = &timer->next;
    *head = timer;
}

static void
detach(struct sluice_timer *timer)
{
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    timer->next = NULL;
    timer->link = NULL;
}

static unsigned
level_of(uint64_t tick, uint64_t due)
{
    uint64_t differ = (tick ^ due) | 1;

    return (63u - (unsigned)__builtin_clzll(differ)) / DIGIT_BITS;
}

static unsigned
digit(uint64_t tick, unsigned level)
{
    return (unsigned)(tick >> level * DIGIT_BITS) & (RPC_WHEEL_SLOTS - 1);
}

static uint64_t
due_tick(const struct sluice_timer *timer)
{
    return timer->due_ns / NS_PER_TICK + (timer->due_ns % NS_PER_TICK != 0);
}

/* Puts a detached timer into its slot. */
static void
place(struct rpc_wheel *wheel, struct sluice_timer *timer, uint64_t due)
{
    unsigned level = level_of(wheel->tick, due);
    unsigned slot = digit(due, level);

    assert(due >= wheel->tick && level < RPC_WHEEL_LEVELS);
    wheel->occupied[level] |= (uint64_t)1 << slot;
    timer->slot = level * RPC_WHEEL_SLOTS + slot;
    link_first(&wheel->slots[timer->slot], timer);
}

void
rpc_wheel_init(struct rpc_wheel *wheel, uint64_t tick)
{
    memset(wheel, 0, sizeof(*wheel));
    wheel->tick = tick;
    wheel->earliest = tick;
}

uint64_t
rpc_wheel_start(struct rpc_wheel *wheel, struct sluice_timer *timer)
{
    uint64_t due = due_tick(timer);

    assert(timer->link == NULL);
    if (due < wheel->earliest) {
        due = wheel->earliest;
        timer->due_ns = due * NS_PER_TICK;
    }
    wheel->count++;
    place(wheel, timer, due);
    return due;
}

void
rpc_wheel_stop(struct rpc_wheel *wheel, struct sluice_timer *timer)
{
    unsigned slot = timer->slot;

    assert(timer->link != NULL);
    assert(wheel->count > 0);
    wheel->count--;
    detach(timer);
    if (slot < NO_SLOT && wheel->slots[slot] == NULL)
        wheel->occupied[slot / RPC_WHEEL_SLOTS] &=
            ~((uint64_t)1 << slot % RPC_WHEEL_SLOTS);
}

/* The first slot with a timer, and the tick at which it begins. */
static bool
first_slot(const struct rpc_wheel *wheel, unsigned *level, unsigned *slot,
    uint64_t *start)
{
    unsigned shift;

    for (*level = 0; *level < RPC_WHEEL_LEVELS; ++*level) {
        if (wheel->occupied[*level] == 0)
            continue;
        *slot = (unsigned)__builtin_ctzll(wheel->occupied[*level]);
        shift = *level * DIGIT_BITS;
        *start = (wheel->tick >> shift >> DIGIT_BITS << DIGIT_BITS | *slot)
            << shift;
        return true;
    }
    return false;
}

/* Takes the timers of a slot out of the wheel, into the expiring list. */
static void
collect(struct rpc_wheel *wheel, unsigned level, unsigned slot)
{
    struct sluice_timer **head = &wheel->slots[level * RPC_WHEEL_SLOTS + slot];
    struct sluice_timer *timer;

    while ((timer = *head) != NULL) {
        detach(timer);
        timer->slot = NO_SLOT;
        link_first(&wheel->expiring, timer);
    }
    wheel->occupied[level] &= ~((uint64_t)1 << slot);
}

/* One by one from the list: each callback may stop any of the others. */
static void
expire_collected(struct rpc_wheel *wheel)
{
    struct sluice_timer *timer;

    while ((timer = wheel->expiring) != NULL) {
        detach(timer);
        assert(wheel->count > 0);
        wheel->count--;
        timer->expire(timer);
    }
}

static void
move_collected_down(struct rpc_wheel *wheel)
{
    struct sluice_timer *timer;

    while ((timer = wheel->expiring) != NULL) {
        detach(timer);
        place(wheel, timer, due_tick(timer));
    }
}

void
rpc_wheel_advance(struct rpc_wheel *wheel, uint64_t tick)
{
    unsigned level, slot;
    uint64_t start;

    if (tick < wheel->tick)
        return;
    wheel->earliest = tick + 1;
    while (first_slot(wheel, &level, &slot, &start) && start <= tick) {
        assert(start >= wheel->tick);
        wheel->tick = start;
        collect(wheel, level, slot);
        if (level > 0)
            move_collected_down(wheel);
        else
            expire_collected(wheel);
    }
    wheel->tick = tick;
    wheel->earliest = tick;
}

uint64_t
rpc_wheel_next(const struct rpc_wheel *wheel)
{
    unsigned level, slot;
    uint64_t start;

    return first_slot(wheel, &level, &slot, &start) ? start : RPC_WHEEL_NEVER;
}
