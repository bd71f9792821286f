/* Intrusive doubly linked list. A link is a member of the item; WR_LIST_ITEM finds the item again. */
#ifndef WR_LIST_H
#define WR_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wr_link {
    struct wr_link *next, *prev;
} wr_link;

typedef struct wr_list {
    wr_link head;
} wr_list;

#define WR_LIST_ITEM(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void wr_list_init(wr_list *list)
{
    list->head.next = list->head.prev = &list->head;
}

static inline bool wr_list_empty(const wr_list *list)
{
    return list->head.next == &list->head;
}

static inline void wr_list_append(wr_list *list, wr_link *link)
{
    link->prev = list->head.prev;
    link->next = &list->head;
    list->head.prev->next = link;
    list->head.prev = link;
}

/* Behind `before`, which is linked or the list's head. */
static inline void wr_list_insert(wr_link *before, wr_link *link)
{
    link->prev = before;
    link->next = before->next;
    before->next->prev = link;
    before->next = link;
}

static inline bool wr_link_linked(const wr_link *link)
{
    return link->next != NULL;
}

/* Unlinks; does nothing for a zeroed or already unlinked link. */
static inline void wr_link_remove(wr_link *link)
{
    if (!link->next)
        return;
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = NULL;
}

static inline wr_link *wr_list_first(const wr_list *list)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it loses track of a list that is popped until it is empty */
    return wr_list_empty(list) ? NULL : list->head.next;
}

static inline wr_link *wr_list_next(const wr_list *list, const wr_link *link)
{
    return link->next == &list->head ? NULL : link->next;
}

/* Takes the first link off, or NULL. */
static inline wr_link *wr_list_pop(wr_list *list)
{
    wr_link *first = list->head.next;
    if (first == &list->head)
        return NULL;
    list->head.next = first->next;
    first->next->prev = &list->head;
    first->next = first->prev = NULL;
    return first;
}

/* Takes the last link off, or NULL. */
static inline wr_link *wr_list_pop_last(wr_list *list)
{
    wr_link *last = list->head.prev;
    if (last == &list->head)
        return NULL;
    list->head.prev = last->prev;
    last->prev->next = &list->head;
    last->next = last->prev = NULL;
    return last;
}

/* All of `from`, in its order, behind what is in `to`; `from` is empty then. */
static inline void wr_list_move(wr_list *to, wr_list *from)
{
    if (wr_list_empty(from))
        return;
    from->head.next->prev = to->head.prev;
    to->head.prev->next = from->head.next;
    from->head.prev->next = &to->head;
    to->head.prev = from->head.prev;
    from->head.next = from->head.prev = &from->head;
}

#endif
